// SPDX-License-Identifier: MIT
//
// EventLine: a Client's events on their way to its on_event, which the hub calls, in their order.

#pragma once

#include <deque>
#include <functional>
#include <memory>

#include <tendril/amqp/client.hpp>

#include "hub/here.hpp"

namespace tendril::amqp::detail {

class EventLine final : public tendril::detail::HubCallback, public std::enable_shared_from_this<EventLine> {
public:
    // Throws: as here::prepare_to_post().
    explicit EventLine(std::function<void(const ClientEvent&)> on_event);

    void add(ClientEvent event) noexcept;
    void close() noexcept;  // on_event is not called any more

    void run() noexcept override;
    void dropped() noexcept override;

private:
    const std::function<void(const ClientEvent&)> on_event_;
    std::deque<ClientEvent> events_;
    bool closed_ = false;
};

}  // namespace tendril::amqp::detail
