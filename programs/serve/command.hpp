// SPDX-License-Identifier: MIT
//
// `tendril serve`: becomes `python3 -m tendril serve` with the same arguments.
//
// The interpreter is the one that TENDRIL_PYTHON names, by default the one that the module was built for. The package
// is found where it was built, if the program lies there, else where Python looks.

#pragma once

#include <string>
#include <vector>

namespace tendril::serve {

// Returns only if that has failed: the exit status.
int command(const std::vector<std::string>& arguments);

}  // namespace tendril::serve
