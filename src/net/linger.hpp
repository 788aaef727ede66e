// SPDX-License-Identifier: MIT
//
// What can be done about bytes that nobody has read before a socket is closed. See close_gently() in stream.hpp.

#pragma once

namespace tendril::detail {

// Whether closing now could take from the peer what it was sent: input lies unread, or output is not acknowledged.
bool needs_linger(int fd) noexcept;

// Throws away what has come and was not read. Never waits.
void discard_unread(int fd) noexcept;

}  // namespace tendril::detail
