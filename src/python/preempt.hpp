// SPDX-License-Identifier: MIT
//
// Preemption: after patch(), an OS thread of our own makes a green thread that computes give up the GIL, so that others
// of the same hub run meanwhile.
//
// 1. It looks every interval whether the hub has turned. If not, it asks for the GIL as any thread would. The green
//    thread that computes then gives it up, by patched calls: the first of them lets those that are ready stand in line
//    for the GIL; the last one waits until another thread has it.
// 2. If nobody else wants it, this OS thread takes it, for a moment: else that wait would not end. It never takes what
//    others wait for: they would stand in line again, behind the one that was stopped.
// 3. While the hub sleeps for longer than an interval, the OS thread sleeps too.
// 4. It goes on while the program's exit handlers run, which wait for green threads, or only let them run; once the
//    interpreter finalizes, it asks for nothing. What computes is left suspended where it asks for the GIL again.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

// By the hub's OS thread, around its sleeps. The GIL need not be held.
void note_hub_sleeps() noexcept;
void note_hub_wakes() noexcept;

// After the interpreter's end: waits, without the hub, until the OS thread touches nothing any more.
void end_preemption() noexcept;

int add_preempt(PyObject* module) noexcept;

}  // namespace tendril::python
