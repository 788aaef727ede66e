// SPDX-License-Identifier: MIT

#include <tendril/socket_message.hpp>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "net/socket_access.hpp"

namespace tendril {

using detail::Descriptor;
using detail::Direction;
using detail::enter_call;
using detail::fail;
using detail::SocketAccess;
using detail::when_ready;

namespace {

// One part, and room for descriptors.
struct Message {
    iovec part;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * most_descriptors_at_once)];
    msghdr header{};

    Message(const void* data, std::size_t size) noexcept : part{const_cast<void*>(data), size} {
        header.msg_iov = &part;
        header.msg_iovlen = 1;
    }
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;

    // Makes room for exactly this many: CMSG_SPACE() of an odd number would have room for one more.
    void make_room(std::size_t descriptors) noexcept {
        header.msg_control = descriptors > 0 ? control : nullptr;
        header.msg_controllen = descriptors > 0 ? CMSG_LEN(sizeof(int) * descriptors) : 0;
    }
};

}  // namespace

void send_message(TcpSocket& socket, Bytes bytes, std::span<const int> descriptors, Deadline deadline) {
    if (descriptors.size() > most_descriptors_at_once) {
        throw std::invalid_argument("send_message: " + std::to_string(descriptors.size()) + " descriptors; at most " +
                                    std::to_string(most_descriptors_at_once) + " go at once");
    }
    if (descriptors.empty() || bytes.empty()) {
        if (!descriptors.empty()) {
            throw std::invalid_argument("send_message: descriptors travel with a byte; send one");
        }
        return socket.send_all(bytes, deadline);
    }
    Descriptor& d = enter_call(SocketAccess::handle(socket), "a socket", Direction::write, "send_message");
    Message message(bytes.data(), bytes.size());
    message.make_room(descriptors.size());
    cmsghdr* const header = CMSG_FIRSTHDR(&message.header);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
    const ssize_t r = when_ready(d, Direction::write, "send_message", deadline, 0,
                                 [&](int fd) { return sys::sendmsg(fd, &message.header, 0); });
    if (r < 0) {
        fail(r, "send_message");
    }
    const auto sent = static_cast<std::size_t>(r);
    try {
        detail::send_whole(d, bytes.after(sent), deadline,
                           [](int fd, const void* p, std::size_t n) { return sys::send(fd, p, n, 0); });
    } catch (const TimeoutError& e) {
        throw TimeoutError("send_message", e, sent + e.done());
    }
}

SocketMessage recv_message(TcpSocket& socket, Buffer buffer, std::size_t most_descriptors, Deadline deadline) {
    const std::size_t most = std::min(most_descriptors, most_descriptors_at_once);
    SocketMessage got;
    if (buffer.empty()) {
        return got;
    }
    got.descriptors.reserve(most);  // so that nothing throws between their arrival and their owner's construction
    Descriptor& d = enter_call(SocketAccess::handle(socket), "a socket", Direction::read, "recv_message");
    Message message(buffer.data(), buffer.size());
    const ssize_t r = when_ready(d, Direction::read, "recv_message", deadline, 0, [&](int fd) {
        message.make_room(most);
        return sys::recvmsg(fd, &message.header, 0);
    });
    if (r < 0) {
        fail(r, "recv_message");
    }
    for (cmsghdr* each = CMSG_FIRSTHDR(&message.header); each != nullptr; each = CMSG_NXTHDR(&message.header, each)) {
        if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SCM_RIGHTS) {
            for (std::size_t at = 0; at + sizeof(int) <= each->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
                int fd = -1;
                std::memcpy(&fd, CMSG_DATA(each) + at, sizeof fd);
                got.descriptors.emplace_back(fd);
            }
        }
    }
    got.descriptors_lost = (message.header.msg_flags & MSG_CTRUNC) != 0;
    got.size = static_cast<std::size_t>(r);
    return got;
}

}  // namespace tendril
