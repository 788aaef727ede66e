// SPDX-License-Identifier: MIT
//
// How a terminal reads that does not read whole lines. Defined in sys_terminal.cpp.

#pragma once

namespace tendril::sys {

// Stores VMIN, and VTIME in tenths of a second. Returns: false: it reads lines, or is no terminal.
bool reads_raw(int fd, unsigned& least, unsigned& tenths) noexcept;

}  // namespace tendril::sys
