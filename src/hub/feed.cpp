// SPDX-License-Identifier: MIT

#include <tendril/feed.hpp>

#include <stdexcept>

#include "hub/hub_core.hpp"

namespace tendril {

bool feed_fd_event(int fd, IoEvents events) {
    const auto known = IoEvents::read | IoEvents::write | IoEvents::priority;
    if (!any(events) || (events & known) != events) {
        throw std::invalid_argument("feed_fd_event() takes the events read, write and priority, one or more");
    }
    return detail::HubCore::here().descriptors.feed(fd, static_cast<detail::Events>(events));
}

bool feed_signal(int number) noexcept {
    return detail::Signals::feed(number);
}

}  // namespace tendril
