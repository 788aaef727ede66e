// SPDX-License-Identifier: MIT

#include "base/sys_process.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <ctime>

namespace tendril::sys {

std::int64_t since_boot() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

unsigned ticks_per_second() noexcept {
    const long ticks = ::sysconf(_SC_CLK_TCK);
    return ticks > 0 ? static_cast<unsigned>(ticks) : 0;
}

std::uint64_t most_descriptors() noexcept {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

}  // namespace tendril::sys
