// SPDX-License-Identifier: MIT
//
// InCallback: marks the running green thread as being in a callback from OpenSSL, whose C code cannot be unwound and
// must not be left by a switch.

#pragma once

#include "hub/here.hpp"

namespace tendril::detail {

// While one lives, the running green thread cannot wait: calls that may throw HubBlocked.
class InCallback {
public:
    InCallback() : fiber_(here::fiber()), before_(fiber_.attention) { fiber_.attention |= Fiber::in_callback; }
    InCallback(const InCallback&) = delete;
    InCallback& operator=(const InCallback&) = delete;
    ~InCallback() {
        if ((before_ & Fiber::in_callback) == 0) {
            fiber_.attention &= static_cast<std::uint8_t>(~Fiber::in_callback);
        }
    }

private:
    Fiber& fiber_;
    std::uint8_t before_;
};

}  // namespace tendril::detail
