// SPDX-License-Identifier: MIT
//
// CollectingSink: keeps the deliveries of one consumer, as a Consumer does, for tests of what lies below it.

#pragma once

#include <deque>
#include <exception>
#include <memory>
#include <utility>

#include <tendril/amqp/channel.hpp>
#include <tendril/queue.hpp>

#include "amqp/connection/channel_core.hpp"
#include "amqp/connection/connection_core.hpp"

namespace tendril::amqp::testing {

struct CollectingSink final : amqp::detail::DeliverySink {
    void deliver(Delivery&& delivery) override { deliveries.put_nowait(std::move(delivery)); }
    void cancelled() noexcept override { was_cancelled = true; }
    void ended(const std::exception_ptr& why) noexcept override { end = why; }

    Queue<Delivery> deliveries;
    bool was_cancelled = false;
    std::exception_ptr end;
};

inline const std::shared_ptr<amqp::detail::ChannelCore>& core(const Channel& channel) {
    return amqp::detail::ChannelMaker::core(channel);
}

}  // namespace tendril::amqp::testing
