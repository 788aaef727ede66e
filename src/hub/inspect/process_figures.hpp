// SPDX-License-Identifier: MIT
//
// ProcessFigures: what the kernel says of this process, for metrics and inspection.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tendril::detail {

struct ProcessFigures {
    int id = 0;
    std::string command;  // with its arguments, between blanks
    double cpu_seconds = 0;
    double started_at = 0;  // seconds since 1970
    double uptime = 0;      // seconds
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::size_t threads = 0;
    std::size_t open_descriptors = 0;
    std::size_t most_descriptors = 0;  // the soft limit

    // Reads /proc/self; what cannot be read stays 0. Throws: std::bad_alloc.
    static ProcessFigures read();
};

}  // namespace tendril::detail
