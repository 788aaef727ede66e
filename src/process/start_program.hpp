// SPDX-License-Identifier: MIT
//
// How a program is started: posix_spawn(3), which needs no copy of our memory and runs nothing of ours in the child.

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

// Throws: std::invalid_argument for what can never work.
void check_start(const std::vector<std::string>& argv, const PopenOptions& options);

// Requires: check_start() found nothing, and no descriptor of `streams` is below 3 unless it is in its own place.
// Returns: its pid. Throws: std::system_error that names the program or the cwd; std::bad_alloc; nothing was started.
pid_t start_program(const std::vector<std::string>& argv, const PopenOptions& options, const Streams& streams);

}  // namespace tendril::detail
