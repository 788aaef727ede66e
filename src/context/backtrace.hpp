// SPDX-License-Identifier: MIT
//
// Collects the return addresses of a flow of control, innermost first: of the running one, or of a suspended one, which
// need not run for it and whose stack is only read (docs/design/0007-seeing-inside.md).
//
// Each address, like any return address, is one past the last byte of its frame's call: look up the byte before it. The
// functions are async-signal-safe after prime_backtrace() has been called.

#pragma once

#include <cstddef>
#include <span>

#include "context/flow.hpp"

namespace tendril::detail {

// Requires: the flow was left by a switch, and nothing switches to it meanwhile.
// Returns: how many addresses were written; 0 with Boost's switch, which does not expose where a flow stopped.
std::size_t backtrace_of(const Flow& suspended, std::span<void*> out) noexcept;

// Writes the addresses of the caller and of its callers. Returns: how many.
[[gnu::noinline]] std::size_t backtrace_here(std::span<void*> out) noexcept;

// Returns the address that the outermost function of the running flow (nullptr), or of a suspended one, returns to;
// nullptr if unknown.
const void* outermost_address(const Flow* suspended) noexcept;

// For a signal handler: writes the addresses of the interrupted code, without the handler itself. If no signal frame is
// found, as under ThreadSanitizer, which calls handlers late and by itself, the handler's frames are included. Returns:
// how many.
std::size_t backtrace_interrupted(std::span<void*> out) noexcept;

// Uses the unwinder once, because its first use may allocate and take locks.
void prime_backtrace() noexcept;

}  // namespace tendril::detail
