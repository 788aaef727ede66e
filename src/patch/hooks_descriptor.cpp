// SPDX-License-Identifier: MIT
//
// close, dup2, dup3: green threads that wait for a number learn that it is gone. fcntl: waits for record locks.

#include <fcntl.h>
#include <unistd.h>

#include <cstdarg>

#include "base/libc.hpp"
#include "base/own_number.hpp"
#include "patch/blocking.hpp"
#include "patch/descriptor_kinds.hpp"
#include "patch/file_locks.hpp"
#include "patch/hooks.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;
using tendril::detail::OwnNumber;

namespace {

// To be called before a number is closed.
void forget(int fd) noexcept {
    DescriptorKinds::set(fd, Kind::unknown);
    if (looks_green() && tendril::detail::here::descriptors().at(fd) != nullptr && in_own_process()) {
        tendril::detail::here::descriptors().closing(fd);
    }
}

// A hub's own descriptor is none of the program's: to it, the number is not open.
bool refuse(int fd) noexcept {
    if (OwnNumber::is(fd)) {
        errno = EBADF;
        return true;
    }
    return false;
}

int close(int fd) noexcept {
    if (looks_green() && refuse(fd)) {
        return -1;
    }
    forget(fd);
    return libc.close(fd);
}

// close_range(2), around what is the hubs' own. In a child that is about to exec, all are closed.
int close_range(unsigned first, unsigned last, int flags) noexcept {
    if (first > last || (flags & ~CLOSE_RANGE_CLOEXEC) != 0 || !may_park()) {
        return real.close_range(first, last, flags);
    }
    constexpr unsigned numbers = 1 << 16;  // as many as there may be own ones
    unsigned begin = first;
    const auto close_until = [&](unsigned end) {  // the numbers from begin to before `end`
        return end > begin ? real.close_range(begin, end - 1, flags) : 0;
    };
    for (unsigned fd = first; fd <= last && fd < numbers; ++fd) {
        if (OwnNumber::is(static_cast<int>(fd))) {
            if (const int r = close_until(fd); r < 0) {
                return r;
            }
            begin = fd + 1;
        } else if ((flags & CLOSE_RANGE_CLOEXEC) == 0) {
            forget(static_cast<int>(fd));
        }
    }
    return begin <= last ? real.close_range(begin, last, flags) : 0;
}

void closefrom(int first) noexcept {
    patch::detail::close_range(static_cast<unsigned>(first < 0 ? 0 : first), ~0U, 0);
}

int dup2(int from, int to) noexcept {
    if (looks_green() && refuse(to)) {
        return -1;
    }
    if (from != to && libc.fcntl(from, F_GETFD) >= 0) {
        forget(to);
    }
    return libc.dup2(from, to);
}

int dup3(int from, int to, int flags) noexcept {
    if (looks_green() && refuse(to)) {
        return -1;
    }
    if (from != to && libc.fcntl(from, F_GETFD) >= 0) {
        forget(to);
    }
    return real.dup3(from, to, flags);
}

int fcntl(int fd, int command, ...) noexcept {
    va_list arguments;
    va_start(arguments, command);
    void* const argument = va_arg(arguments, void*);
    va_end(arguments);
    if ((command == F_SETLKW || command == F_OFD_SETLKW) && looks_green()) {
        return lock_record(fd, command, static_cast<struct flock*>(argument));
    }
    return libc.fcntl(fd, command, argument);
}

}  // namespace

Hooks descriptor_hooks() noexcept {
    static const std::array hooks{
        Hook("close", Class::io, &patch::detail::close),
        Hook("__close", Class::io, &patch::detail::close),
        Hook("dup2", Class::io, &patch::detail::dup2),
        Hook("dup3", Class::io, &patch::detail::dup3),
        Hook("close_range", Class::io, &patch::detail::close_range),
        Hook("closefrom", Class::io, &patch::detail::closefrom),
        Hook("fcntl", Class::io, &patch::detail::fcntl),
        Hook("fcntl64", Class::io, &patch::detail::fcntl),
    };
    return hooks;
}

}  // namespace tendril::patch::detail
