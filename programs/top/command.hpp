// SPDX-License-Identifier: MIT
//
// `tendril top`: shows what the green threads of a process do, as top and htop show processes.

#pragma once

#include <string>
#include <vector>

namespace tendril::top {

extern const char* const usage;

// Returns: the exit status.
int command(const std::vector<std::string>& arguments);

}  // namespace tendril::top
