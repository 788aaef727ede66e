// SPDX-License-Identifier: MIT
//
// What select, poll and Epoll wait by: poll(2) says what is true, Interests say when to ask it again.

#pragma once

#include <poll.h>

#include <cstddef>
#include <optional>
#include <span>

#include <tendril/deadline.hpp>

#include "hub/descriptor.hpp"

namespace tendril::detail {

// Waits as poll() does.
// Returns: how many have `revents`. Throws: std::system_error, Interrupt.
std::size_t wait_for_any(std::span<pollfd> fds, const char* what, Deadline deadline);

// Lets others run, if they had to wait for long; where a direction is given, a second that would wait in it is refused.
// Returns: false when they closed the number. Throws: ConcurrentUse, Interrupt.
bool turn_while_open(int fd, std::optional<Direction> direction, const char* what);

}  // namespace tendril::detail
