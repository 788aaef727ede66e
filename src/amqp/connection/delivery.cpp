// SPDX-License-Identifier: MIT

#include <tendril/amqp/delivery.hpp>

#include <stdexcept>
#include <utility>

#include "amqp/connection/channel_core.hpp"

namespace tendril::amqp {

using detail::Settlement;

Delivery& Delivery::operator=(Delivery&& other) noexcept {
    if (this != &other) {
        let_go();
        channel_ = std::move(other.channel_);
        received_ = std::move(other.received_);
        tag_ = other.tag_;
        redelivered_ = other.redelivered_;
        settled_ = std::exchange(other.settled_, true);
        no_ack_ = other.no_ack_;
    }
    return *this;
}

// On another OS thread than its channel's it stays unsettled until that ends, and its memory is not used again.
void Delivery::let_go() noexcept {
    if (channel_ != nullptr && received_ != nullptr && channel_->on_its_thread()) {
        if (!settled_ && !no_ack_) {
            channel_->settle(tag_, Settlement::requeue);
        }
        channel_->keep(std::move(received_));
    }
}

const detail::Received& Delivery::nothing() noexcept {
    static const detail::Received nothing;
    return nothing;
}

Message Delivery::take_message() noexcept {
    return received_ != nullptr ? std::move(received_->message) : Message();
}

std::uint64_t Delivery::delivery_count() const noexcept {
    if (const Value* count = properties().headers.find("x-delivery-count")) {
        return count->as<std::uint64_t>().value_or(0);
    }
    return redelivered_ ? 1 : 0;
}

std::optional<std::uint64_t> Delivery::stream_offset() const noexcept {
    const Value* offset = properties().headers.find("x-stream-offset");
    return offset != nullptr ? offset->as<std::uint64_t>() : std::nullopt;
}

bool Delivery::settle(std::uint8_t how) {
    if (channel_ == nullptr || settled_) {
        throw std::logic_error(channel_ == nullptr
                                   ? "this Delivery was moved from, or came back to its publisher: nothing to settle"
                                   : "this Delivery was settled before: settle each once");
    }
    channel_->check_thread();
    settled_ = true;
    return no_ack_ || channel_->settle(tag_, static_cast<Settlement>(how));
}

bool Delivery::ack() {
    return settle(static_cast<std::uint8_t>(Settlement::ack));
}
bool Delivery::reject() {
    return settle(static_cast<std::uint8_t>(Settlement::reject));
}
bool Delivery::requeue() {
    return settle(static_cast<std::uint8_t>(Settlement::requeue));
}

}  // namespace tendril::amqp
