// SPDX-License-Identifier: MIT
//
// c-ares's system calls, through base/sys.

#pragma once

#include <ares.h>

namespace tendril::detail {

// How many datagrams may be read before other green threads have their turn: a flood must not hold up the hub.
struct AresAllowance {
    int packets = 64;
};

// For ares_set_socket_functions(). Requires: its data is an AresAllowance.
extern const ares_socket_functions ares_through_sys;

}  // namespace tendril::detail
