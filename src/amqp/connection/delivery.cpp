// SPDX-License-Identifier: MIT

#include <tendril/amqp/delivery.hpp>

#include <stdexcept>
#include <utility>

#include "amqp/connection/channel_core.hpp"

namespace tendril::amqp {

using detail::Settlement;

Delivery::Delivery(Delivery&& other) noexcept
    : channel_(std::move(other.channel_)), tag_(other.tag_), redelivered_(other.redelivered_),
      settled_(std::exchange(other.settled_, true)), no_ack_(other.no_ack_), message_(std::move(other.message_)),
      exchange_(std::move(other.exchange_)), routing_key_(std::move(other.routing_key_)) {}

Delivery& Delivery::operator=(Delivery&& other) noexcept {
    if (this != &other) {
        let_go();
        channel_ = std::move(other.channel_);
        tag_ = other.tag_;
        redelivered_ = other.redelivered_;
        settled_ = std::exchange(other.settled_, true);
        no_ack_ = other.no_ack_;
        message_ = std::move(other.message_);
        exchange_ = std::move(other.exchange_);
        routing_key_ = std::move(other.routing_key_);
    }
    return *this;
}

Delivery::~Delivery() {
    let_go();
}

void Delivery::let_go() noexcept {
    if (!settled_ && !no_ack_ && channel_->on_its_thread()) {  // elsewhere it stays unsettled until the channel ends
        channel_->settle(tag_, Settlement::requeue);
    }
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
