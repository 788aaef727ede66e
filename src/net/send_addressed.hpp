// SPDX-License-Identifier: MIT
//
// send_addressed: sends one datagram to an address, from a socket that need not be connected.
//
// A Unix-domain receiver with a full queue says EAGAIN, and no event follows when there is room: the sender waits a
// little and tries again.

#pragma once

#include "net/transfer.hpp"

namespace tendril::detail {

// Repeats `call(fd)` until the datagram is sent. `what` names the call in dumps, and `doing`, before the address, in
// errors: "send_to" and "send_to ".
// Throws: TimeoutError; std::system_error (EBADF: closed meanwhile); Interrupt; then it was not sent.
template <class Call>
void send_addressed(Descriptor& d, const Address& to, Deadline deadline, const char* what, const char* doing,
                    Call call) {
    const std::uint32_t generation = d.generation;
    const auto still_open = [&] {
        if (d.generation != generation) {
            fail(-EBADF, std::string(what) + ": closed by another green thread");
        }
        return d.fd;
    };
    std::chrono::milliseconds pause(1);
    for (;;) {
        ssize_t r = 0;
        try {
            r = to.family() != AF_UNIX ? when_ready(d, Direction::write, what, deadline, 0, call) : call(still_open());
        } catch (const TimeoutError&) {
            time_out({.waited_ns = here::waited_ns()}, [doing, to] { return doing + to.to_string(); });
        }
        if (r >= 0) {
            return;
        }
        if (r == -EAGAIN) {
            pause_before_retry(pause, deadline, what, doing, to);
        } else if (r != -EINTR) {
            fail(r, doing + to.to_string());
        }
    }
}

}  // namespace tendril::detail
