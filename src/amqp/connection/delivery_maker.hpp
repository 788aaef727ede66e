// SPDX-License-Identifier: MIT
//
// DeliveryMaker: makes Deliveries of what a channel brought.

#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <tendril/amqp/delivery.hpp>

namespace tendril::amqp::detail {

class ChannelCore;

struct DeliveryMaker {
    struct Origin {
        std::uint64_t tag = 0;
        bool redelivered = false;
        bool no_ack = false;
    };

    static Delivery make(std::shared_ptr<ChannelCore> channel, const Origin& origin,
                         std::unique_ptr<Received> received) noexcept {
        Delivery made(std::move(received));
        made.tag_ = origin.tag;
        made.redelivered_ = origin.redelivered;
        made.no_ack_ = origin.no_ack;
        made.settled_ = channel == nullptr;
        made.channel_ = std::move(channel);
        return made;
    }
};

}  // namespace tendril::amqp::detail
