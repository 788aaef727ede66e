// SPDX-License-Identifier: MIT
//
// c-ares's system calls, through base/sys.

#pragma once

#include <ares.h>

namespace tendril::detail {

// How many datagrams may be read until others have had their turn: a flood must not hold the hub.
struct AresAllowance {
    int packets = 64;
};

// For ares_set_socket_functions(), whose data is an AresAllowance.
extern const ares_socket_functions ares_through_sys;

}  // namespace tendril::detail
