// SPDX-License-Identifier: MIT
//
// NonBlockingMoment: O_NONBLOCK is set for the moment of a call, in which no other green thread runs; for calls that
// have no flag of their own for it. Other OS threads and processes that have the same open file may see it.

#pragma once

#include <fcntl.h>

#include <cerrno>

#include "base/libc.hpp"
#include "base/sys.hpp"

namespace tendril::patch::detail {

// Whether a descriptor is blocking; while it lives, it is not. Keeps the errno of the call in between.
class NonBlockingMoment {
public:
    explicit NonBlockingMoment(int fd) noexcept : fd_(fd), flags_(tendril::sys::status_flags(fd)) {
        if (blocking()) {
            tendril::detail::libc.fcntl(fd_, F_SETFL, flags_ | O_NONBLOCK);
        }
    }
    NonBlockingMoment(const NonBlockingMoment&) = delete;
    NonBlockingMoment& operator=(const NonBlockingMoment&) = delete;
    ~NonBlockingMoment() {
        if (blocking()) {
            const int error = errno;
            tendril::detail::libc.fcntl(fd_, F_SETFL, flags_);
            errno = error;
        }
    }
    bool blocking() const noexcept { return flags_ >= 0 && (flags_ & O_NONBLOCK) == 0; }

private:
    const int fd_;
    const int flags_;
};

template <class Call>
auto in_a_moment(int fd, Call call) noexcept {
    const NonBlockingMoment moment(fd);
    return call();
}

}  // namespace tendril::patch::detail
