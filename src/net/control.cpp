// SPDX-License-Identifier: MIT

#include "net/control.hpp"

#include <linux/errqueue.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <utility>

#include <tendril/detail/base/check.hpp>

namespace tendril::detail {

namespace {

constexpr int scm_pidfd = 4;  // SCM_PIDFD; Debian 12's headers do not know it

// Calls `take` with the data of a control message, as a T; not if the system had no room for all of it: half of a
// ucred would say that the sender is root. Returns: true.
template <class T, class Take>
bool with_value(const cmsghdr& header, ReceivedAncillary& out, Take take) {
    if (header.cmsg_len < CMSG_LEN(sizeof(T))) {
        out.truncated = true;
        return true;
    }
    T value{};
    std::memcpy(&value, CMSG_DATA(&header), sizeof value);
    take(value);
    return true;
}

Address address_of(const in_addr& ip) {
    sockaddr_in raw{};
    raw.sin_family = AF_INET;
    raw.sin_addr = ip;
    return Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

Address address_of(const in6_addr& ip, unsigned interface) {
    sockaddr_in6 raw{};
    raw.sin6_family = AF_INET6;
    raw.sin6_addr = ip;
    raw.sin6_scope_id = IN6_IS_ADDR_LINKLOCAL(&ip) || IN6_IS_ADDR_MC_LINKLOCAL(&ip) ? interface : 0;
    return Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

PacketInfo packet_of(const in_pktinfo& raw) {
    return {address_of(raw.ipi_addr), address_of(raw.ipi_spec_dst), static_cast<unsigned>(raw.ipi_ifindex)};
}

PacketInfo packet_of(const in6_pktinfo& raw) {
    const Address to = address_of(raw.ipi6_addr, raw.ipi6_ifindex);
    return {to, IN6_IS_ADDR_MULTICAST(&raw.ipi6_addr) ? Address() : to, raw.ipi6_ifindex};
}

bool read_error(const cmsghdr& header, ReceivedAncillary& out) {
    return with_value<sock_extended_err>(header, out, [&](const sock_extended_err& raw) {
        NetworkError error{static_cast<int>(raw.ee_errno), raw.ee_origin, raw.ee_type, raw.ee_code, raw.ee_info};
        sockaddr_in6 reporter{};  // or a sockaddr_in; it follows, if it is known
        const std::size_t size = std::min(header.cmsg_len - CMSG_LEN(sizeof raw), sizeof reporter);
        std::memcpy(&reporter, CMSG_DATA(&header) + sizeof raw, size);
        if ((reporter.sin6_family == AF_INET && size >= sizeof(sockaddr_in)) ||
            (reporter.sin6_family == AF_INET6 && size == sizeof reporter)) {
            error.reporter =
                Address::from_raw(reinterpret_cast<const sockaddr*>(&reporter),
                                  reporter.sin6_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
        }
        out.error = std::move(error);
    });
}

std::chrono::system_clock::time_point time_of(const timespec& raw) noexcept {
    const std::chrono::nanoseconds since = std::chrono::seconds(raw.tv_sec) + std::chrono::nanoseconds(raw.tv_nsec);
    return std::chrono::system_clock::time_point(
        std::chrono::duration_cast<std::chrono::system_clock::duration>(since));
}

// Returns: false if this kind has no type.
bool read_socket_kind(const cmsghdr& header, ReceivedAncillary& out) {
    switch (header.cmsg_type) {
    case SCM_CREDENTIALS:
        return with_value<ucred>(header, out, [&](const ucred& who) {
            out.credentials = PeerCredentials{who.pid, who.uid, who.gid};
        });
    case SCM_TIMESTAMPNS:
        return with_value<timespec>(header, out, [&](const timespec& raw) { out.time = time_of(raw); });
    case SO_RXQ_OVFL:
        return with_value<std::uint32_t>(header, out, [&](std::uint32_t count) { out.dropped = count; });
    default:
        return false;
    }
}

bool read_ipv4_kind(const cmsghdr& header, ReceivedAncillary& out) {
    switch (header.cmsg_type) {
    case IP_PKTINFO:
        return with_value<in_pktinfo>(header, out, [&](const in_pktinfo& raw) { out.packet = packet_of(raw); });
    case IP_TTL:
        return with_value<int>(header, out, [&](int hops) { out.hop_limit = hops; });
    case IP_TOS:
        return with_value<std::uint8_t>(header, out, [&](std::uint8_t tos) { out.traffic_class = tos; });
    case IP_RECVERR:
        return read_error(header, out);
    default:
        return false;
    }
}

bool read_ipv6_kind(const cmsghdr& header, ReceivedAncillary& out) {
    switch (header.cmsg_type) {
    case IPV6_PKTINFO:
        return with_value<in6_pktinfo>(header, out, [&](const in6_pktinfo& raw) { out.packet = packet_of(raw); });
    case IPV6_HOPLIMIT:
        return with_value<int>(header, out, [&](int hops) { out.hop_limit = hops; });
    case IPV6_TCLASS:
        return with_value<int>(header, out, [&](int tclass) { out.traffic_class = tclass; });
    case IPV6_RECVERR:
        return read_error(header, out);
    default:
        return false;
    }
}

bool read_kind(const cmsghdr& header, ReceivedAncillary& out) {
    switch (header.cmsg_level) {
    case SOL_SOCKET:
        return read_socket_kind(header, out);
    case IPPROTO_IP:
        return read_ipv4_kind(header, out);
    case IPPROTO_IPV6:
        return read_ipv6_kind(header, out);
    default:
        return false;
    }
}

bool has_descriptors(const cmsghdr& header) noexcept {
    return header.cmsg_level == SOL_SOCKET && (header.cmsg_type == SCM_RIGHTS || header.cmsg_type == scm_pidfd);
}

}  // namespace

int ip_version(const Address& address) noexcept {
    if (address.family() != AF_INET6) {
        return address.family();
    }
    return IN6_IS_ADDR_V4MAPPED(&reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr) ? AF_INET : AF_INET6;
}

ControlRoom::ControlRoom(const RecvMessageOptions& options) noexcept
    : most_(std::min(options.most_descriptors, most_descriptors_at_once)),
      others_(std::min(options.other_bytes, largest)) {}

void ControlRoom::attach(msghdr& header) noexcept {
    header.msg_control = room_;
    header.msg_controllen = typed + (most_ > 0 ? CMSG_SPACE(sizeof(int) * most_) : 0) + others_;
}

void ControlRoom::take_descriptors(const cmsghdr& header, ReceivedAncillary& out) const noexcept {
    for (std::size_t at = 0; at + sizeof(int) <= header.cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
        int number = -1;
        std::memcpy(&number, CMSG_DATA(&header) + at, sizeof number);
        Fd fd(number);
        if (header.cmsg_type == scm_pidfd) {
            out.process = std::move(fd);
        } else if (out.descriptors.size() < most_) {
            out.descriptors.push_back(std::move(fd));  // there is room
        } else {
            out.truncated = true;
        }
    }
}

void ControlRoom::read(msghdr& header, ReceivedAncillary& out) const {
    out.truncated = (header.msg_flags & MSG_CTRUNC) != 0;
    for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
        if (has_descriptors(*each)) {  // first, since what follows may throw
            take_descriptors(*each, out);
        }
    }
    for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
        if (!has_descriptors(*each) && !read_kind(*each, out) && others_ > 0) {
            const auto* data = reinterpret_cast<const char*>(CMSG_DATA(each));
            out.others.push_back({each->cmsg_level, each->cmsg_type, {data, each->cmsg_len - CMSG_LEN(0)}});
        }
    }
}

ControlToSend::ControlToSend(const SendMessageOptions& options, int family) {
    if (options.descriptors.size() > most_descriptors_at_once) {
        throw std::invalid_argument("send_message: " + std::to_string(options.descriptors.size()) +
                                    " descriptors; at most " + std::to_string(most_descriptors_at_once) +
                                    " go at once");
    }
    std::size_t others = 0;
    for (const ControlMessage& each : options.others) {
        others += CMSG_SPACE(std::min(each.data.size(), largest_others));
    }
    if (others > largest_others) {
        throw std::invalid_argument("send_message: more than " + std::to_string(largest_others) +
                                    " bytes of other control messages");
    }
    if (!options.descriptors.empty()) {
        add(SOL_SOCKET, SCM_RIGHTS, options.descriptors.data(), options.descriptors.size_bytes());
    }
    if (options.credentials.has_value()) {
        const ucred who{options.credentials->process, options.credentials->user, options.credentials->group};
        add(SOL_SOCKET, SCM_CREDENTIALS, &who, sizeof who);
    }
    const bool any_ip = options.from.has_value() || options.interface != 0 || options.hop_limit.has_value() ||
                        options.traffic_class.has_value();
    if (any_ip && family != AF_INET && family != AF_INET6) {
        throw std::invalid_argument("send_message: from, interface, hop_limit and traffic_class are for IP datagrams");
    }
    if (options.from.has_value() || options.interface != 0) {
        add_source(options, family);
    }
    const bool v6 = family == AF_INET6;
    if (options.hop_limit.has_value()) {
        add(v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_HOPLIMIT : IP_TTL, &*options.hop_limit, sizeof(int));
    }
    if (options.traffic_class.has_value()) {
        add(v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, &*options.traffic_class, sizeof(int));
    }
    for (const ControlMessage& each : options.others) {
        add(each.level, each.type, each.data.data(), each.data.size());
    }
}

// The kernel ignores a source of the other version of IP, and sends from any address.
void ControlToSend::add_source(const SendMessageOptions& options, int family) {
    if (const std::optional<Address>& from = options.from; from.has_value()) {
        if (from->family() != AF_INET && from->family() != AF_INET6) {
            throw std::invalid_argument("send_message from " + from->to_string() + ": not an IP address");
        }
        if (ip_version(*from) != family) {
            throw std::invalid_argument("send_message from " + from->to_string() +
                                        ": the receiver's address is of the other version of IP");
        }
    }
    if (family == AF_INET6) {
        in6_pktinfo info{};
        info.ipi6_ifindex = options.interface;
        if (options.from.has_value()) {
            info.ipi6_addr = reinterpret_cast<const sockaddr_in6*>(options.from->raw())->sin6_addr;
        }
        add(IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    } else {
        in_pktinfo info{};
        info.ipi_ifindex = static_cast<int>(options.interface);
        if (options.from.has_value() && options.from->family() == AF_INET) {
            info.ipi_spec_dst = reinterpret_cast<const sockaddr_in*>(options.from->raw())->sin_addr;
        } else if (options.from.has_value()) {  // an IPv4-mapped one
            const in6_addr& mapped = reinterpret_cast<const sockaddr_in6*>(options.from->raw())->sin6_addr;
            std::memcpy(&info.ipi_spec_dst, &mapped.s6_addr[12], sizeof info.ipi_spec_dst);
        }
        add(IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
}

void ControlToSend::add(int level, int type, const void* data, std::size_t size) noexcept {
    TENDRIL_ASSERT(size_ + CMSG_SPACE(size) <= sizeof room_);
    char* const at = room_ + size_;
    std::memset(at, 0, CMSG_SPACE(size));
    auto* header = reinterpret_cast<cmsghdr*>(at);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(size);
    if (size > 0) {
        std::memcpy(CMSG_DATA(header), data, size);
    }
    size_ += CMSG_SPACE(size);
}

void ControlToSend::attach(msghdr& header) noexcept {
    header.msg_control = size_ > 0 ? room_ : nullptr;
    header.msg_controllen = size_;
}

}  // namespace tendril::detail
