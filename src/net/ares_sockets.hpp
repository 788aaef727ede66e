// SPDX-License-Identifier: MIT
//
// c-ares's system calls, through base/sys.

#pragma once

#include <ares.h>

#include <optional>

#include <tendril/address.hpp>

namespace tendril::detail {

struct AresSockets {
    static constexpr int most_packets = 64;
    int packets = most_packets;  // how many datagrams may be read before other green threads have their turn: a flood
                                 // must not hold up the hub
    std::optional<Address> source;  // to bind sockets to
};

// For ares_set_socket_functions(). Requires: its data is an AresSockets.
extern const ares_socket_functions ares_through_sys;

}  // namespace tendril::detail
