// SPDX-License-Identifier: MIT
// Floor: amqp
//
// Publisher: messages to one exchange, each taken over by the broker before publish() returns.
//
//     Publisher orders = client.publisher("orders");
//     orders.publish("shop.paid", {.body = text});
//
// It has a channel of its own, in confirm mode. One green thread that publishes and waits each time gets a few thousand
// messages a second; many green threads at once, or publish_later() and flush(), ten times that. While the connection
// is lost, messages are kept and sent again, with their message_id (made unless the message has one) and the header
// x-resent, so that a consumer can tell a double. Memory: up to `window` messages.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <tendril/amqp/confirmation.hpp>
#include <tendril/amqp/message.hpp>
#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>

namespace tendril::amqp {

namespace detail {
class PublisherCore;
struct PublisherMaker;
}  // namespace detail

// Options of a Publisher.
struct PublisherOptions {
    std::size_t window = 1000;  // how many may be unsettled; the next publish waits, first come, first served
    bool confirm = true;        // false: publish() says nothing about delivery; for telemetry
    bool mandatory = true;      // what no queue wants comes back as Unroutable
    bool persistent = true;     // unless the message says otherwise
    bool resend = true;         // after a reconnect; false: Unconfirmed at once
};

class Publisher {
public:
    Publisher(Publisher&&) noexcept;
    Publisher& operator=(Publisher&&) noexcept;
    ~Publisher();  // does not wait; what is unsettled is Unconfirmed (closed): call flush()

    // Waits until the broker has it. Throws: TimeoutError, Interrupt while it waits for room (window, send buffer, a
    // blocked connection): nothing was sent; Nacked; Unroutable; Unconfirmed: a deadline or the end while it waited for
    // the broker's word; ChannelError for the end of the channel, mostly NotFound for the exchange: the next publish
    // tries again; AuthError and other ends of the Client; std::invalid_argument for what cannot be encoded; Interrupt.
    void publish(std::string_view key, const Message& message, Deadline deadline = never);
    void publish(std::string_view key, Bytes body, Deadline deadline = never);

    // Waits for room only.
    Confirmation publish_later(std::string_view key, const Message& message, Deadline deadline = never);
    Confirmation publish_later(std::string_view key, Bytes body, Deadline deadline = never);

    // Waits until all that was published before is settled. Throws: the first error among them that nobody has got from
    // a Confirmation; TimeoutError; Interrupt.
    void flush(Deadline deadline = never);

    std::size_t unsettled() const noexcept;        // how many messages are published and not settled yet
    const std::string& exchange() const noexcept;  // where it publishes to

private:
    friend struct detail::PublisherMaker;
    explicit Publisher(std::shared_ptr<detail::PublisherCore> core) noexcept;
    std::shared_ptr<detail::PublisherCore> core_;
};

}  // namespace tendril::amqp
