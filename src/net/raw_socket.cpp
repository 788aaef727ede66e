// SPDX-License-Identifier: MIT

#include <tendril/raw_socket.hpp>

#include <netinet/in.h>

#include <cstring>

#include "net/socket_access.hpp"

namespace tendril {

using detail::SocketAccess;

RawSocket open_raw(int family, int protocol, const UdpOptions& options) {
    return SocketAccess::datagrams(family, SOCK_RAW, protocol, options,
                                   "open a raw socket for protocol " + std::to_string(protocol));
}

RawSocket open_ping(int family, const UdpOptions& options) {
    const int protocol = family == AF_INET6 ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP};
    return SocketAccess::datagrams(family, SOCK_DGRAM, protocol, options, "open a ping socket");
}

std::uint16_t internet_checksum(Bytes bytes) noexcept {
    std::uint64_t sum = 0;
    for (Bytes rest = bytes; !rest.empty(); rest = rest.after(rest.size() < 2 ? 1 : 2)) {
        std::uint16_t word = 0;  // the last one may be half of a word
        std::memcpy(&word, rest.data(), rest.size() < 2 ? 1 : 2);
        sum += word;
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(~sum);
}

}  // namespace tendril
