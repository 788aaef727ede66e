// SPDX-License-Identifier: MIT

#include <netinet/in.h>

#include <algorithm>
#include <chrono>

#include "net/socket_access.hpp"

namespace tendril {

using detail::await;
using detail::Descriptor;
using detail::Direction;
using detail::fail;
using detail::Handle;
using detail::SocketAccess;

namespace {

// A Unix-domain listener with a full backlog answers EAGAIN, and nothing tells when to try again.
void pause_before_retry(std::chrono::milliseconds& pause, Deadline deadline, const std::string& what) {
    if (deadline.passed()) {
        throw TimeoutError(what);
    }
    detail::Waiter waiter("connect");
    waiter.wait(std::min(Deadline(pause), deadline));
    pause = std::min(pause * 2, std::chrono::milliseconds(50));
}

}  // namespace

TcpSocket connect(const Address& to, const ConnectOptions& options, Deadline deadline) {
    const std::string what = "connect to " + to.to_string();
    Handle handle = SocketAccess::open(to.family(), SOCK_STREAM, what);
    const int fd = handle.fd();
    if (options.bind.has_value()) {
        if (const int r = sys::bind(fd, options.bind->raw(), options.bind->raw_size()); r < 0) {
            fail(r, what + " from " + options.bind->to_string());
        }
    }
    SocketAccess::make_prompt(fd, to.family());
    std::chrono::milliseconds pause(1);
    for (;;) {
        const int r = sys::connect(fd, to.raw(), to.raw_size());
        if (r == 0 || r == -EISCONN) {
            return SocketAccess::stream(std::move(handle));
        }
        if (r == -EINPROGRESS || r == -EALREADY) {
            Descriptor& d = handle.use("a socket");
            d.drained(Direction::write);
            try {
                await(d, Direction::write, "connect", deadline);  // then connect() again says how it went
            } catch (const TimeoutError&) {
                throw TimeoutError(what);
            }
        } else if (r == -EAGAIN && to.family() == AF_UNIX) {
            pause_before_retry(pause, deadline, what);
        } else if (r != -EINTR) {
            fail(r, what);
        }
    }
}

}  // namespace tendril
