// SPDX-License-Identifier: MIT
//
// The command `tendril run`: docs/run.md.

#pragma once

#include <string>
#include <vector>

namespace tendril::run {

// Becomes the program. Returns: the exit status, if that fails.
int command(const std::vector<std::string>& arguments);

}  // namespace tendril::run
