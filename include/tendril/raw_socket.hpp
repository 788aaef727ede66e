// SPDX-License-Identifier: MIT
// Floor: net
//
// Raw sockets and ping sockets: IP protocols other than TCP and UDP, such as ICMP. Their packets are datagrams, so they
// are UdpSockets: the same calls, the same promises.
//
//     RawSocket icmp = open_raw(AF_INET, IPPROTO_ICMP);               needs CAP_NET_RAW
//     icmp.send_to(echo_request, Address::ip("192.0.2.1", 0));
//     Datagram d = icmp.recv_from(buffer, from, 2s);                  IPv4: begins with the IP header
//
//     RawSocket ping = open_ping(AF_INET);                            needs net.ipv4.ping_group_range
//
// A raw socket receives every packet of its protocol that arrives at this machine, and answers to others' requests too:
// the caller compares identifier and sender. An IPv4 packet arrives with its IP header; an IPv6 packet without. A ping
// socket receives the answers to its own requests only; the kernel writes their identifier, which is the local port.
// raw(7), icmp(7), ipv6(7). Packet sockets (AF_PACKET) and netlink (AF_NETLINK) are opened in the same way; their
// addresses are made by Address::from_raw().

#pragma once

#include <cstdint>

#include <tendril/bytes.hpp>
#include <tendril/udp_socket.hpp>

namespace tendril {

using RawSocket = UdpSocket;  // what raw_socket() and ping_socket() return: it sends and receives whole packets

// Opens a raw socket of this family (AF_INET, ...) for a protocol (IPPROTO_ICMP, IPPROTO_ICMPV6, ...). Does not yield.
// Throws: std::system_error (EPERM: the process does not have CAP_NET_RAW; EPROTONOSUPPORT).
RawSocket open_raw(int family, int protocol, const UdpOptions& options = {});

// Opens a socket for ICMP echo requests (AF_INET) or ICMPv6 ones (AF_INET6), which needs no privilege if the process's
// group is in /proc/sys/net/ipv4/ping_group_range. Does not yield. Throws: std::system_error (EACCES: it is not).
RawSocket open_ping(int family, const UdpOptions& options = {});

// Returns the Internet checksum (RFC 1071) of the bytes, in network byte order: to be copied into the packet as it is.
// An ICMP packet is summed up with its checksum field zero; a correct packet sums up to 0. For ICMPv6 the kernel fills
// it in.
std::uint16_t internet_checksum(Bytes bytes) noexcept;

}  // namespace tendril
