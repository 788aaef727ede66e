// SPDX-License-Identifier: MIT
//
// close, dup2, dup3: green threads that wait for a number learn that it is gone. fcntl: waits for record locks.

#include <fcntl.h>
#include <unistd.h>

#include <cstdarg>

#include "base/libc.hpp"
#include "patch/blocking.hpp"
#include "patch/descriptor_kinds.hpp"
#include "patch/hooks.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;

namespace {

// To be called before a number is closed.
void forget(int fd) noexcept {
    DescriptorKinds::set(fd, Kind::unknown);
    if (looks_green() && tendril::detail::here::descriptors().at(fd) != nullptr && in_own_process()) {
        tendril::detail::here::descriptors().closing(fd);
    }
}

int close(int fd) noexcept {
    forget(fd);
    return libc.close(fd);
}

int dup2(int from, int to) noexcept {
    if (from != to && libc.fcntl(from, F_GETFD) >= 0) {
        forget(to);
    }
    return libc.dup2(from, to);
}

int dup3(int from, int to, int flags) noexcept {
    if (from != to && libc.fcntl(from, F_GETFD) >= 0) {
        forget(to);
    }
    return real.dup3(from, to, flags);
}

// Nothing says when a record lock is given up: it asks again, at first after 1 ms. Deadlocks are not found.
int lock_record(int fd, int command, void* lock) noexcept {
    const int once = command == F_SETLKW ? F_SETLK : F_OFD_SETLK;
    Waits waits(never);
    for (;;) {
        const int r = libc.fcntl(fd, once, lock);
        if (r == 0 || (errno != EAGAIN && errno != EACCES)) {
            return r;
        }
        const Wait how = waits.a_little();
        if (how == Wait::plain) {
            return libc.fcntl(fd, command, lock);
        }
        if (how != Wait::ready) {
            return fail(how);
        }
    }
}

int fcntl(int fd, int command, ...) noexcept {
    va_list arguments;
    va_start(arguments, command);
    void* const argument = va_arg(arguments, void*);
    va_end(arguments);
    if ((command == F_SETLKW || command == F_OFD_SETLKW) && looks_green()) {
        return lock_record(fd, command, argument);
    }
    return libc.fcntl(fd, command, argument);
}

}  // namespace

Hooks descriptor_hooks() noexcept {
    static const std::array hooks{
        Hook("close", Class::io, &patch::detail::close), Hook("__close", Class::io, &patch::detail::close),
        Hook("dup2", Class::io, &patch::detail::dup2),   Hook("dup3", Class::io, &patch::detail::dup3),
        Hook("fcntl", Class::io, &patch::detail::fcntl), Hook("fcntl64", Class::io, &patch::detail::fcntl),
    };
    return hooks;
}

}  // namespace tendril::patch::detail
