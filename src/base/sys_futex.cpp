// SPDX-License-Identifier: MIT
//
// The calls of base/sys.hpp by which OS threads wait for each other. Fault hooks do not see them: they report no
// errors.

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "base/sys.hpp"

namespace tendril::sys {

namespace {

long futex(const std::atomic<std::uint32_t>& word, int operation, std::uint32_t value,
           const timespec* timeout) noexcept {
    static_assert(sizeof word == sizeof(std::uint32_t));
    const int saved_errno = errno;
    const long r = libc.syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, timeout, nullptr, 0);
    errno = saved_errno;
    return r;
}

}  // namespace

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t timeout_ns) noexcept {
    const timespec timeout{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
    futex(word, FUTEX_WAIT, expected, timeout_ns < 0 ? nullptr : &timeout);
}

void futex_wake(const std::atomic<std::uint32_t>& word, int most) noexcept {
    futex(word, FUTEX_WAKE, static_cast<std::uint32_t>(most), nullptr);
}

bool has_barriers() noexcept {
    const int saved_errno = errno;
    const bool has = libc.syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
    errno = saved_errno;
    return has;
}

// A filter of system calls that was installed since may refuse it. No processor keeps a store back for as long as the
// pause then is.
void barrier_everywhere() noexcept {
    const int saved_errno = errno;
    if (libc.syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0) {
        pause(1'000'000);
    }
    errno = saved_errno;
}

}  // namespace tendril::sys
