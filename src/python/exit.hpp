// SPDX-License-Identifier: MIT
//
// The ends: of the interpreter, of an OS thread with green threads, and of what is the parent's in the child of a fork.
//
// 1. The green threads that are left when the program or their OS thread ends are killed, may unwind for a second, and
//    are left suspended then. No code of theirs runs after that.
// 2. In the child of a fork only the green thread that forked goes on; the end of its function is the program's.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

struct State;

// Ends this OS thread's green threads but the running one. Requires: no wait is under way.
void end_green_threads(State& here) noexcept;

// Ends the program as the end of its main thread does: reports the error, if there is one, and finalizes.
[[noreturn]] void exit_program(PyObject* error) noexcept;

int add_exit(PyObject* module) noexcept;

}  // namespace tendril::python
