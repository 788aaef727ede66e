// SPDX-License-Identifier: MIT
//
// The chunks in which the interpreter keeps the frames of a PyThreadState: each thread's first one was mapped and
// unmapped by the system, which took half of the time that a thread's start and end take. Some are kept instead.

#pragma once

namespace tendril::python {

// Puts itself between the interpreter and what it has its memory from. Called with the GIL.
void keep_stack_chunks() noexcept;

}  // namespace tendril::python
