// SPDX-License-Identifier: MIT
//
// How green threads wait for the GIL after patch(), where nobody preempts them: tendril.preempt(0), which is also what
// gevent's and eventlet's shapes have.
//
// 1. Programs count on running until they wait. But another OS thread, such as a worker of a ThreadPool, asks for
//    the GIL every 5 ms, and the interpreter gives it up between any two bytecodes, by patched calls.
// 2. So these block the OS thread and not the green thread, as in a program without green threads: until that OS thread
//    has the GIL, and then until it gives it back. No other green thread of the hub runs meanwhile.
// 3. A green thread parks as before where another one of its hub has the GIL, or stands in line for it: C code may wait
//    with the GIL, and that green thread could not go on.
// 4. Nor does it block for an OS thread that has the GIL and waits in a system call for half a second: it may wait for
//    a green thread.

#pragma once

namespace tendril::python {

// From now on, or no more. By the GIL's holder.
void hold_hub_up_for_gil(bool hold) noexcept;

// For patch::detail::hold_hub_up_if().
bool holds_hub_up_for_gil(const void* address) noexcept;

}  // namespace tendril::python
