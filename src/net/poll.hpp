// SPDX-License-Identifier: MIT
//
// The wait under select, poll and Epoll: poll(2) says what is ready, Interests say when to ask it again.

#pragma once

#include <poll.h>

#include <cstddef>
#include <optional>
#include <span>

#include <tendril/deadline.hpp>

#include "hub/descriptor.hpp"

namespace tendril::detail {

// Waits as poll() does.
// Returns: how many descriptors have a `revents`. Throws: std::system_error, Interrupt.
std::size_t wait_for_any(std::span<pollfd> fds, const char* what, Deadline deadline);

// Yields, if others have waited long enough. If a direction is given, refuses a second waiter in it meanwhile.
// Returns: false if the descriptor was closed meanwhile. Throws: ConcurrentUse, Interrupt.
bool turn_while_open(int fd, std::optional<Direction> direction, const char* what);

}  // namespace tendril::detail
