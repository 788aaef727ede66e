// SPDX-License-Identifier: MIT

#include "amqp/client/event_line.hpp"

#include <exception>
#include <utility>

namespace tendril::amqp::detail {

namespace here = tendril::detail::here;

EventLine::EventLine(std::function<void(const ClientEvent&)> on_event) : on_event_(std::move(on_event)) {
    if (on_event_) {
        here::prepare_to_post();
    }
}

void EventLine::add(ClientEvent event) noexcept {
    if (!on_event_ || closed_) {
        return;
    }
    try {
        events_.push_back(std::move(event));
    } catch (const std::bad_alloc&) {  // events are for logs
        return;
    }
    if (!HubCallback::linked()) {
        here::post(*this);
    }
}

void EventLine::close() noexcept {
    closed_ = true;
    events_.clear();
    HubCallback::unlink();
}

void EventLine::run() noexcept {
    const std::shared_ptr<EventLine> self = shared_from_this();  // on_event may destroy the Client
    while (!events_.empty()) {
        const ClientEvent event = std::move(events_.front());
        events_.pop_front();
        try {
            on_event_(event);
        } catch (...) {
            here::report({.name = {}, .where = {}, .activity = "amqp::ClientOptions::on_event"},
                         std::current_exception());
        }
    }
}

void EventLine::dropped() noexcept {
    HubCallback::unlink();
}

}  // namespace tendril::amqp::detail
