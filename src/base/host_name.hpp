// SPDX-License-Identifier: MIT
//
// This machine's name: gethostname(2).

#pragma once

#include <cstddef>

namespace tendril::sys {

// Writes the name, which ends with a zero byte and is cut off if need be. Requires: size > 0. Returns 0 or -errno.
int host_name(char* out, std::size_t size) noexcept;

}  // namespace tendril::sys
