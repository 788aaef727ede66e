// SPDX-License-Identifier: MIT
// Floor: amqp
//
// Consumer: the messages of a queue, as they come.
//
//     Consumer bills = client.consumer("bills", {.prefetch = 100});
//     for (Delivery& bill : bills) pay(bill.body());        // each is acked when the body of the loop has ended
//
// The broker sends up to `prefetch` messages that are not settled; they wait here. A Client's Consumer is recovered:
// when the connection is lost, it goes on by itself, and who waits in get() notices nothing but time. A Channel's is
// not. Any number of green threads may get() from one.

#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include <tendril/amqp/delivery.hpp>
#include <tendril/amqp/table.hpp>
#include <tendril/deadline.hpp>
#include <tendril/notifier.hpp>

namespace tendril::amqp {

namespace detail {
class ConsumerCore;
struct ConsumerMaker;
}  // namespace detail

// Options of a Consumer.
struct ConsumeOptions {
    // How many unsettled messages the broker sends ahead; for this consumer alone. 0 is refused, unless no_ack is set.
    std::uint16_t prefetch = 100;
    bool exclusive = false;                     // no other consumer of this queue
    bool no_ack = false;                        // settled when they are sent: they may be lost here
    bool no_local = false;                      // as the protocol has it; RabbitMQ ignores it
    std::optional<std::int32_t> priority = {};  // x-priority: others get messages only when this one is busy
    std::string tag = {};                       // the consumer's name; made when empty
    Table arguments = {};                       // such as x-stream-offset
    // no_ack: bytes of messages that wait here, over which the connection is not read on.
    std::size_t receive_buffer = std::size_t{16} * 1024 * 1024;
};

class Consumer {
public:
    // For loops: the next one is taken when the body has ended, and the one before is acked then, if it is not settled.
    // Leaving the loop by a break or an exception gives back the one that was begun. Ends after close().
    class Iterator {
    public:
        using difference_type = std::ptrdiff_t;
        using value_type = Delivery;

        explicit Iterator(Consumer& consumer);
        Delivery& operator*() const { return *current_; }
        Iterator& operator++();
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept { return !it.current_; }

    private:
        void next();
        Consumer* consumer_;
        mutable std::optional<Delivery> current_;
    };

    Consumer(Consumer&&) noexcept;
    Consumer& operator=(Consumer&&) noexcept;
    ~Consumer();  // as close(), without waiting for the broker's answer

    // Waits for a message. Yields: unless one is there. Throws: TimeoutError; ShutDown after close();
    // ConsumerCancelled; of a Channel's: what ended the channel (ChannelError, ConnectionError, ConnectionLost); of a
    // Client's: AuthError and other ends that no reconnecting mends; Interrupt; WrongThread. A kill or deadline takes
    // no message.
    Delivery get(Deadline deadline = never);
    // Takes one that is there. Never waits.
    std::optional<Delivery> try_get();

    // Whether get() would not wait; for wait() and iwait().
    bool ready() const;
    void observe(Observer& observer) const;

    // Changes ConsumeOptions::prefetch. RabbitMQ cannot do that to a consumer, so it subscribes anew: a Client's as
    // soon as it can, without a wait; a Channel's before it cancels the old one. Messages that are here already stay.
    // Throws: std::invalid_argument for 0, and for an exclusive one of a Channel; as Channel::consume(): nothing has
    // changed.
    void set_prefetch(std::uint16_t messages, Deadline deadline = never);

    // Cancels; messages that nobody got go back, in their order; Deliveries that are held can be settled still.
    // Idempotent. Yields: until the broker has answered. Throws: TimeoutError, Interrupt: it is closed all the same.
    void close(Deadline deadline = never);
    bool is_open() const noexcept;

    const std::string& queue() const noexcept;  // the queue's name, also where the broker chose it
    const std::string& tag() const noexcept;    // its name in its channel

    Iterator begin() { return Iterator(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    friend struct detail::ConsumerMaker;
    explicit Consumer(std::shared_ptr<detail::ConsumerCore> core) noexcept;
    std::shared_ptr<detail::ConsumerCore> core_;
};

}  // namespace tendril::amqp
