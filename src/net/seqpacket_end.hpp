// SPDX-License-Identifier: MIT
//
// seqpacket_ended: tells the end of a SOCK_SEQPACKET connection from an empty message.

#pragma once

#include <poll.h>

#include "base/sys.hpp"

namespace tendril::detail {

// After a read of 0 bytes: whether the peer has closed. If it closed right after an empty message, this counts as the
// end: the system says the same of both.
inline bool seqpacket_ended(int fd) noexcept {
    pollfd asked{fd, POLLRDHUP, 0};
    return sys::poll(&asked, 1, 0) > 0;
}

}  // namespace tendril::detail
