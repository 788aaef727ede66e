// SPDX-License-Identifier: MIT
//
// Starts programs by posix_spawn(3), which copies none of our memory and runs none of our code in the child.

#pragma once

#include <sys/types.h>

#include <array>
#include <string>
#include <vector>

#include <tendril/process.hpp>

namespace tendril::detail {

// The child's standard streams: a descriptor of ours, or one of these.
namespace lead {
inline constexpr int as_ours = -1;
inline constexpr int to_null = -2;
inline constexpr int as_out = -3;
}  // namespace lead
using Streams = std::array<int, 3>;

// Throws: std::invalid_argument for arguments or options that can never work.
void check_start(const std::vector<std::string>& argv, const PopenOptions& options);

// Requires: check_start() has not thrown, and no descriptor in `streams` is below 3 unless it is in its own place.
// Returns: the pid. Throws: std::system_error that names the program or the cwd; std::bad_alloc; then nothing runs.
pid_t start_program(const std::vector<std::string>& argv, const PopenOptions& options, const Streams& streams);

}  // namespace tendril::detail
