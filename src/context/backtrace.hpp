// SPDX-License-Identifier: MIT
//
// The return addresses of a flow of control, innermost first: of the running one, and of a suspended one, which need
// not run for it and whose stack is only read (docs/design/0007-seeing-inside.md).
//
// Each address is one past a byte that belongs to its frame's call, as a return address is: look up the byte before it.
// Both functions are async-signal-safe once prime_backtrace() has been called.

#pragma once

#include <cstddef>
#include <span>

#include "context/flow.hpp"

namespace tendril::detail {

// Requires: it was left by a switch; nothing switches to it meanwhile.
// Returns: how many addresses were written; 0 with Boost's switch, which does not say where a flow stopped.
std::size_t backtrace_of(const Flow& suspended, std::span<void*> out) noexcept;

// Of the caller and of those who called it.
[[gnu::noinline]] std::size_t backtrace_here(std::span<void*> out) noexcept;

// The address that the outermost function of the running flow, or of a suspended one, returns to; nullptr: not known.
const void* outermost_address(const Flow* suspended) noexcept;

// For a signal handler: of what the signal interrupted, without the handler itself. Where no signal frame is found, as
// under ThreadSanitizer, which calls handlers late and by itself, the handler's frames are in it.
std::size_t backtrace_interrupted(std::span<void*> out) noexcept;

// The unwinder's first use may allocate and take locks.
void prime_backtrace() noexcept;

}  // namespace tendril::detail
