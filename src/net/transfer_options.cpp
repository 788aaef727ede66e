// SPDX-License-Identifier: MIT

#include <tendril/transfer_options.hpp>

#include <sys/socket.h>

namespace tendril::detail {

int flags_of(const RecvOptions& options) noexcept {
    return (options.peek ? MSG_PEEK : 0) | (options.discard ? MSG_TRUNC : 0);
}

int flags_of(const SendOptions& options) noexcept {
    return (options.more ? MSG_MORE : 0) | (options.direct ? MSG_DONTROUTE : 0) | (options.confirm ? MSG_CONFIRM : 0);
}

}  // namespace tendril::detail
