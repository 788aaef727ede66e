// SPDX-License-Identifier: MIT
//
// DeliveryMaker: makes Deliveries of what a channel brought.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <tendril/amqp/delivery.hpp>

namespace tendril::amqp::detail {

class ChannelCore;

struct DeliveryMaker {
    struct Origin {
        std::uint64_t tag = 0;
        bool redelivered = false;
        bool no_ack = false;
        std::string_view exchange;
        std::string_view routing_key;
    };

    // What take_message() moves from, without a move between.
    static Message&& message(Delivery& delivery) noexcept { return std::move(delivery.message_); }

    // Throws: std::bad_alloc.
    static Delivery make(std::shared_ptr<ChannelCore> channel, const Origin& origin, Message&& message) {
        Delivery made(std::move(message));
        made.exchange_ = origin.exchange;
        made.routing_key_ = origin.routing_key;
        made.tag_ = origin.tag;
        made.redelivered_ = origin.redelivered;
        made.no_ack_ = origin.no_ack;
        made.settled_ = channel == nullptr;
        made.channel_ = std::move(channel);
        return made;
    }
};

}  // namespace tendril::amqp::detail
