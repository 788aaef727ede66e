// SPDX-License-Identifier: MIT
//
// TCP's urgent data.

#include <poll.h>

#include <algorithm>
#include <chrono>

#include <tendril/socket.hpp>

#include "net/poll.hpp"
#include "net/socket_access.hpp"

namespace tendril {

using detail::Descriptor;
using detail::Direction;
using detail::enter_call;
using detail::fail;

void TcpSocket::send_urgent(std::byte byte, Deadline deadline) {
    Descriptor& d = enter_call(handle_, "a socket", Direction::write, "send_urgent");
    const ssize_t r = detail::when_ready(d, Direction::write, "send_urgent", deadline, 0,
                                         [&](int fd) { return sys::send(fd, &byte, 1, MSG_OOB); });
    if (r < 0) {
        fail(d, r, "send_urgent");
    }
}

std::optional<std::byte> TcpSocket::recv_urgent(Deadline deadline) {
    detail::here::refuse_in_callback();
    if (get(option::urgent_inline)) {
        fail(-EINVAL, "recv_urgent: option::urgent_inline is on, so recv() gets urgent data");
    }
    const Descriptor& d = handle_.use("a socket");
    const std::uint32_t generation = d.generation;
    if (detail::here::spend_turn()) {  // else a peer that keeps sending would hold up the others
        detail::here::yield();
    }
    for (bool ended = false;;) {
        std::byte byte{};
        const ssize_t r = d.generation == generation ? sys::recv(d.fd, &byte, 1, MSG_OOB) : -EBADF;
        if (r > 0) {
            return byte;
        }
        if (r == 0 || (r == -EINVAL && ended)) {  // EINVAL: there is none
            return std::nullopt;
        }
        if (r != -EINVAL && r != -EAGAIN && r != -EINTR) {
            fail(r, "recv_urgent");
        }
        // Some backends report the stream's end only to readers. But while there is data to read, a reader would not
        // wait: so it looks again from time to time.
        constexpr std::chrono::milliseconds look_again(50);
        const bool has_data = sys::unread(d.fd) > 0;
        pollfd asked{d.fd, static_cast<short>(POLLPRI | POLLRDHUP | (has_data ? 0 : POLLIN)), 0};
        const Deadline until = has_data ? std::min(Deadline(look_again), deadline) : deadline;
        if (detail::wait_for_any({&asked, 1}, "recv_urgent", until) == 0 && deadline.passed()) {
            detail::time_out_wait(d, "recv_urgent", 0);
        }
        if ((asked.revents & POLLERR) != 0 && (asked.revents & POLLHUP) != 0) {
            fail(-ECONNRESET, "recv_urgent: the connection has failed");  // recv() says how: it clears the error
        }
        ended = (asked.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
    }
}

bool TcpSocket::at_urgent_mark() const {
    const int r = sys::at_urgent_mark(handle_.use("a socket").fd);
    if (r < 0) {
        fail(r, "at_urgent_mark");
    }
    return r != 0;
}

}  // namespace tendril
