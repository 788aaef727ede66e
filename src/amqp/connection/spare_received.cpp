// SPDX-License-Identifier: MIT

#include "amqp/connection/spare_received.hpp"

#include <initializer_list>
#include <string>
#include <utility>

#include "amqp/protocol/properties.hpp"

namespace tendril::amqp::detail {

namespace {

std::size_t bytes_of(const Received& received) noexcept {
    return sizeof received + received.message.body.capacity() + received.exchange.capacity() +
           received.routing_key.capacity() + text_capacity(received.message.properties);
}

}  // namespace

std::unique_ptr<Received> SpareReceived::take() {
    if (first_ == nullptr) {
        return std::make_unique<Received>();
    }
    std::unique_ptr<Received> taken(first_);
    first_ = std::exchange(taken->next, nullptr);
    bytes_ -= taken->bytes;
    return taken;
}

void SpareReceived::put(std::unique_ptr<Received> left) noexcept {
    const std::size_t bytes = bytes_of(*left);
    if (bytes > most - bytes_) {
        return;
    }
    for (std::string* text : {&left->message.body, &left->exchange, &left->routing_key}) {
        text->clear();
    }
    detail::clear(left->message.properties);
    bytes_ += left->bytes = bytes;
    left->next = first_;
    first_ = left.release();
}

void SpareReceived::clear() noexcept {
    while (first_ != nullptr) {
        const std::unique_ptr<Received> dropped(first_);
        first_ = dropped->next;
    }
    bytes_ = 0;
}

}  // namespace tendril::amqp::detail
