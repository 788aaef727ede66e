// SPDX-License-Identifier: MIT
//
// What the system says of this process, besides base/sys.hpp. Defined in sys_process.cpp.

#pragma once

#include <cstdint>

namespace tendril::sys {

std::int64_t since_boot() noexcept;         // nanoseconds, sleeps of the machine included
unsigned ticks_per_second() noexcept;       // in which /proc counts; 0: unknown
std::uint64_t most_descriptors() noexcept;  // the soft limit; 0: unknown

}  // namespace tendril::sys
