// SPDX-License-Identifier: MIT
//
// c-ares's system calls, through base/sys.

#pragma once

#include <ares.h>

#include <cstdint>
#include <optional>
#include <vector>

#include <tendril/address.hpp>

namespace tendril::detail {

struct AresSockets {
    static constexpr int most_packets = 64;
    int packets = most_packets;  // how many datagrams may be read before other green threads have their turn: a flood
                                 // must not hold up the hub
    std::optional<Address> source;  // to bind sockets to
    std::uint16_t udp_port = 0;     // the same; 0: any
    std::uint16_t tcp_port = 0;

    // Why the last socket that had to could not have its source: an errno; 0: it has it.
    int refused = 0;
    std::vector<int> at_udp_port;  // those that have udp_port

    // Opens a socket, bound to its source. Returns: its number, or -errno.
    int open(int family, int type) noexcept;
    int connect(int fd, const sockaddr* to, ares_socklen_t size) noexcept;
    int close(int fd) noexcept;

private:
    int bind(int fd, int family, int type);
    int bind_udp_port(int fd, const Address& at);
};

// For ares_set_socket_functions(). Requires: its data is an AresSockets.
extern const ares_socket_functions ares_through_sys;

}  // namespace tendril::detail
