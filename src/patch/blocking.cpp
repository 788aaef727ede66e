// SPDX-License-Identifier: MIT

#include "patch/blocking.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <chrono>

#include "base/sys.hpp"
#include "patch/descriptor_kinds.hpp"

namespace tendril::patch::detail {

namespace sys = tendril::sys;

CallLimit limit_of(int fd, Side side) noexcept {
    const int flags = sys::status_flags(fd);
    if (flags < 0 || (flags & O_NONBLOCK) != 0) {
        return {false, false, never};
    }
    timeval limit{};
    socklen_t size = sizeof limit;
    const int option = side == Side::receive ? SO_RCVTIMEO : SO_SNDTIMEO;
    const bool limited =
        sys::get_option_raw(fd, SOL_SOCKET, option, &limit, size) == 0 && (limit.tv_sec != 0 || limit.tv_usec != 0);
    if (!limited) {
        return {true, false, never};
    }
    return {true, true, std::chrono::seconds(limit.tv_sec) + std::chrono::microseconds(limit.tv_usec)};
}

namespace {

constexpr unsigned free_rounds = 3;  // in vain, before it waits a little
constexpr std::int64_t shortest_ns = 1'000'000;
constexpr unsigned most_doublings = 6;  // to 64 ms

}  // namespace

Wait Waits::for_descriptor(int fd, Events what) noexcept {
    if (in_vain_ >= free_rounds) {
        if (const Wait how = a_little(); how != Wait::ready) {
            return how;
        }
    }
    ++in_vain_;
    return await_descriptor(fd, what, deadline_, restarts_);
}

Wait Waits::a_little() noexcept {
    if (!in_own_process()) {
        return Wait::plain;
    }
    const unsigned doublings = std::min(in_vain_ > free_rounds ? in_vain_ - free_rounds : 0, most_doublings);
    ++in_vain_;
    const Deadline soon = std::chrono::nanoseconds(shortest_ns << doublings);
    const Wait how = await_time(std::min(soon, deadline_));
    return how == Wait::timed_out && soon <= deadline_ ? Wait::ready : how;
}

int queued_error(int fd) noexcept {
    const Kind kind = DescriptorKinds::of(fd);
    int error = 0;
    if (kind != Kind::unknown && kind != Kind::socket) {
        return 0;
    }
    return sys::get_option(fd, SOL_SOCKET, SO_ERROR, error) == 0 ? error : 0;
}

int fail(Wait how, int at_timeout) noexcept {
    switch (how) {
    case Wait::timed_out:
        errno = at_timeout;
        break;
    case Wait::interrupted:
        errno = ECANCELED;
        break;
    case Wait::signalled:
        errno = EINTR;
        break;
    default:
        break;
    }
    return -1;
}

}  // namespace tendril::patch::detail
