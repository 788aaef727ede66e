// SPDX-License-Identifier: MIT
//
// For close_gently() in stream.hpp: dealing with unread bytes before a socket is closed.

#pragma once

namespace tendril::detail {

// Whether closing now could lose data that was sent to the peer: input is unread, or output is not acknowledged.
bool needs_linger(int fd) noexcept;

// Reads and drops the input that has arrived. Never waits.
void discard_unread(int fd) noexcept;

}  // namespace tendril::detail
