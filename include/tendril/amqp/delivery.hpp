// SPDX-License-Identifier: MIT
// Floor: amqp
//
// Delivery: a message that a broker handed over, and that is ours to settle, once: by ack(), reject() or requeue(). One
// that is destroyed unsettled, by an exception, a kill, a return, goes back to its queue.
//
// It belongs to the channel that brought it, and so to one life of one connection: after that has ended it settles
// nothing, and the broker has put the message back already. Copying the tag into another connection, as other clients
// do when they recover, could settle a message that nobody has seen.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tendril/amqp/message.hpp>

namespace tendril::amqp {

namespace detail {
class ChannelCore;
struct DeliveryMaker;

// What came, in one piece of memory, so that a Delivery is moved without its texts; its connection uses it again.
struct Received {
    Message message;
    std::string exchange;
    std::string routing_key;
    Received* next = nullptr;  // these two are its owner's
    std::size_t bytes = 0;
};
}  // namespace detail

class Delivery {
public:
    Delivery(Delivery&& other) noexcept
        : channel_(std::move(other.channel_)), received_(std::move(other.received_)), tag_(other.tag_),
          redelivered_(other.redelivered_), settled_(std::exchange(other.settled_, true)), no_ack_(other.no_ack_) {}
    Delivery& operator=(Delivery&& other) noexcept;  // one that was held goes back
    ~Delivery() {                                    // unsettled: requeue(). Never waits
        if (received_ != nullptr) {
            let_go();
        }
    }

    // What came; empty when it was moved from.
    const std::string& body() const noexcept { return received().message.body; }             // the message's bytes
    const Properties& properties() const noexcept { return received().message.properties; }  // the message's properties
    const Message& message() const noexcept { return received().message; }                   // body and properties
    Message take_message() noexcept;  // moves it out of the Delivery, which remains to be settled

    // The exchange that the message was published to.
    const std::string& exchange() const noexcept { return received().exchange; }
    // The routing key that it was published with.
    const std::string& routing_key() const noexcept { return received().routing_key; }
    bool redelivered() const noexcept { return redelivered_; }  // perhaps seen before
    std::uint64_t tag() const noexcept { return tag_; }         // of this channel only

    // How often it came to a consumer before this time: by a quorum queue's x-delivery-count; else 0 or, redelivered,
    // 1.
    std::uint64_t delivery_count() const noexcept;
    std::optional<std::uint64_t> stream_offset() const noexcept;  // of a stream's

    // Settles it: done; never again (it goes to the dead-letter exchange, if there is one); once more, mostly to
    // another consumer. They never wait. Returns: whether it will be said to the broker; false: too late, the channel
    // that brought it has ended. No protocol tells whether it arrived. Of a no_ack consumer: true, and nothing is said.
    // Throws: std::logic_error when it was settled before, or moved from; WrongThread.
    bool ack();
    bool reject();
    bool requeue();
    bool settled() const noexcept { return settled_; }

private:
    friend struct detail::DeliveryMaker;
    explicit Delivery(std::unique_ptr<detail::Received> received) noexcept : received_(std::move(received)) {}

    static const detail::Received& nothing() noexcept;
    const detail::Received& received() const noexcept { return received_ != nullptr ? *received_ : nothing(); }
    bool settle(std::uint8_t how);
    void let_go() noexcept;

    std::shared_ptr<detail::ChannelCore> channel_;  // null: moved from, or came back to its publisher
    std::unique_ptr<detail::Received> received_;    // null: moved from
    std::uint64_t tag_ = 0;
    bool redelivered_ = false;
    bool settled_ = true;
    bool no_ack_ = false;  // the broker counts it as settled
};

}  // namespace tendril::amqp
