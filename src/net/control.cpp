// SPDX-License-Identifier: MIT

#include "net/control.hpp"

#include <linux/errqueue.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <utility>

#include <tendril/detail/base/check.hpp>

namespace tendril::detail {

namespace {

constexpr int scm_pidfd = 4;  // SCM_PIDFD; Debian 12's headers do not know it

// The data of a control message, as a T. What a shorter one does not have is zero.
template <class T>
T value_of(const cmsghdr& header) noexcept {
    T value{};
    const std::size_t size = header.cmsg_len > CMSG_LEN(0) ? header.cmsg_len - CMSG_LEN(0) : 0;
    std::memcpy(&value, CMSG_DATA(&header), std::min(size, sizeof value));
    return value;
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

NetworkError error_of(const cmsghdr& header) {
    struct Raw {
        sock_extended_err error;
        sockaddr_in6 reporter;  // or a sockaddr_in
    };
    const auto raw = value_of<Raw>(header);
    NetworkError error{static_cast<int>(raw.error.ee_errno), raw.error.ee_origin, raw.error.ee_type, raw.error.ee_code,
                       raw.error.ee_info};
    const int family = raw.reporter.sin6_family;
    if (family == AF_INET || family == AF_INET6) {
        error.reporter = Address::from_raw(reinterpret_cast<const sockaddr*>(&raw.reporter),
                                           family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    }
    return error;
}

std::chrono::system_clock::time_point time_of(const timespec& raw) noexcept {
    const std::chrono::nanoseconds since = std::chrono::seconds(raw.tv_sec) + std::chrono::nanoseconds(raw.tv_nsec);
    return std::chrono::system_clock::time_point(
        std::chrono::duration_cast<std::chrono::system_clock::duration>(since));
}

// Returns: false if this kind has no type.
bool read_socket_kind(const cmsghdr& header, ReceivedAncillary& out) {
    switch (header.cmsg_type) {
    case SCM_CREDENTIALS: {
        const auto who = value_of<ucred>(header);
        out.credentials = PeerCredentials{who.pid, who.uid, who.gid};
        return true;
    }
    case SCM_TIMESTAMPNS:
        out.time = time_of(value_of<timespec>(header));
        return true;
    case SO_RXQ_OVFL:
        out.dropped = value_of<std::uint32_t>(header);
        return true;
    default:
        return false;
    }
}

bool read_ipv4_kind(const cmsghdr& header, ReceivedAncillary& out) {
    switch (header.cmsg_type) {
    case IP_PKTINFO:
        out.packet = packet_of(value_of<in_pktinfo>(header));
        return true;
    case IP_TTL:
        out.hop_limit = value_of<int>(header);
        return true;
    case IP_TOS:
        out.traffic_class = value_of<std::uint8_t>(header);
        return true;
    case IP_RECVERR:
        out.error = error_of(header);
        return true;
    default:
        return false;
    }
}

bool read_ipv6_kind(const cmsghdr& header, ReceivedAncillary& out) {
    switch (header.cmsg_type) {
    case IPV6_PKTINFO:
        out.packet = packet_of(value_of<in6_pktinfo>(header));
        return true;
    case IPV6_HOPLIMIT:
        out.hop_limit = value_of<int>(header);
        return true;
    case IPV6_TCLASS:
        out.traffic_class = value_of<int>(header);
        return true;
    case IPV6_RECVERR:
        out.error = error_of(header);
        return true;
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

void ControlToSend::add_source(const SendMessageOptions& options, int family) {
    if (options.from.has_value() && options.from->family() != AF_INET && options.from->family() != AF_INET6) {
        throw std::invalid_argument("send_message from " + options.from->to_string() + ": not an IP address");
    }
    const int own = options.from.has_value() ? options.from->family() : family;
    if (own == AF_INET6) {  // an IPv4-mapped one too
        in6_pktinfo info{};
        info.ipi6_ifindex = options.interface;
        if (options.from.has_value()) {
            info.ipi6_addr = reinterpret_cast<const sockaddr_in6*>(options.from->raw())->sin6_addr;
        }
        add(IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    } else {
        in_pktinfo info{};
        info.ipi_ifindex = static_cast<int>(options.interface);
        if (options.from.has_value()) {
            info.ipi_spec_dst = reinterpret_cast<const sockaddr_in*>(options.from->raw())->sin_addr;
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
