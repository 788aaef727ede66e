// SPDX-License-Identifier: MIT
// Floor: context
//
// The stack size of green threads and raw contexts that name none: 256 KiB, unless the environment variable
// TENDRIL_STACK_SIZE (bytes, or "512K", "1M") or set_default_stack_size() says otherwise; the latter overrides the
// former. SpawnOptions::stack_size and ContextOptions::stack_size override both, for one.
//
// A size is address space: memory is used only as deep as a stack grows, and a large default costs nothing until then.
// The main green thread runs on its OS thread's own stack, which has the size that the system or its maker gave it.

#pragma once

#include <cstddef>

namespace tendril {

// Sets the size of the stacks made from now on, in all OS threads; rounded up to a power of two; 0: 256 KiB again. May
// be called from any OS thread. Throws: std::invalid_argument below 32 KiB or above 1 GiB.
void set_default_stack_size(std::size_t bytes);

// Returns that size, rounded.
std::size_t default_stack_size();

}  // namespace tendril
