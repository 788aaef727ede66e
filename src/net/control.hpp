// SPDX-License-Identifier: MIT
//
// Control messages, as recvmsg() and sendmsg() have them: written from SendMessageOptions, read into ReceivedAncillary.

#pragma once

#include <sys/socket.h>

#include <cstddef>

#include <tendril/ancillary.hpp>

namespace tendril::detail {

// The version of IP of packets to or from this address: AF_INET for an IPv4-mapped one too. Of another family: that.
int ip_version(const Address& address) noexcept;

// The room for what arrives. It must outlive the call that fills it.
class ControlRoom {
public:
    explicit ControlRoom(const RecvMessageOptions& options) noexcept;

    // To be called before each try: the system writes the sizes that it used.
    void attach(msghdr& header) noexcept;

    // Takes what the last call has put there. `out` must have room for the descriptors, so that none is lost to an
    // exception: out.descriptors.reserve(most()).
    void read(msghdr& header, ReceivedAncillary& out) const;

    std::size_t most() const noexcept { return most_; }

private:
    static constexpr std::size_t typed = 512;     // all kinds that have a type, at the same time, and some more
    static constexpr std::size_t largest = 4096;  // of the others

    void take_descriptors(const cmsghdr& header, ReceivedAncillary& out) const noexcept;

    const std::size_t most_;
    const std::size_t others_;
    alignas(cmsghdr) char room_[typed + CMSG_SPACE(sizeof(int) * most_descriptors_at_once) + largest];
};

// What is to be sent along. It must outlive the calls that send it.
class ControlToSend {
public:
    // family: of the packet, ip_version() of the destination, for the kinds that are IP's. Throws:
    // std::invalid_argument.
    ControlToSend(const SendMessageOptions& options, int family);
    ControlToSend(const ControlToSend&) = delete;
    ControlToSend& operator=(const ControlToSend&) = delete;

    void attach(msghdr& header) noexcept;

private:
    static constexpr std::size_t largest_others = 1024;  // with their headers
    void add(int level, int type, const void* data, std::size_t size) noexcept;
    void add_source(const SendMessageOptions& options, int family);

    std::size_t size_ = 0;
    alignas(cmsghdr) char room_[CMSG_SPACE(sizeof(int) * most_descriptors_at_once) + 256 + largest_others];
};

}  // namespace tendril::detail
