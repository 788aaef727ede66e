// SPDX-License-Identifier: MIT
// Floor: amqp
//
// Confirmation: the broker's word on one published message, which comes later.
//
//     std::vector<Confirmation> sent;
//     for (const Order& order : orders) sent.push_back(publisher.publish_later("new", encode(order)));
//     for (Confirmation& each : sent) each.get();
//
// A shared reference to what the reader of the connection fills in; it need not be asked. Every one is settled: acked,
// nacked, returned, or unconfirmed at the end of all hope. Waitable: wait(), iwait(), get_any() take it.

#pragma once

#include <cstdint>

#include <tendril/deadline.hpp>
#include <tendril/notifier.hpp>

namespace tendril::amqp {

namespace detail {
struct Slot;
}

class Confirmation {
public:
    Confirmation(const Confirmation&) noexcept;
    Confirmation(Confirmation&&) noexcept;
    Confirmation& operator=(Confirmation other) noexcept;  // exchanges it for another
    ~Confirmation();

    bool ready() const noexcept;  // settled, by whatever
    void observe(Observer& observer) const;

    // Waits until the broker has taken the message over. Yields: unless it is settled. Throws: Nacked; Unroutable;
    // Unconfirmed (deadline: it may be confirmed later, and get() may be called again); ChannelError for the channel's
    // end by this message or by another of the same exchange; Interrupt; WrongThread.
    void get(Deadline deadline = never) const;

private:
    friend struct detail::Slot;
    explicit Confirmation(detail::Slot& slot) noexcept;
    detail::Slot* slot_;
};

}  // namespace tendril::amqp
