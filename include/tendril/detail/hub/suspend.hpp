// SPDX-License-Identifier: MIT
//
// suspend_here(): leaves the running green thread, whose waiter is set, in the caller's own frame. Not for users.
//
// A function that switches must return, and the processor predicts where to from the last call it saw, which another
// green thread made: where the two run different code, each such return costs a dozen nanoseconds. So the hot waits
// have no returns between the switch and the user's code: they are inlined, and go into the library and come back by
// jumps (docs/design/0006-switch-in-the-caller.md). Where that is not to be had it is a call like any other.

#pragma once

#include <tendril/detail/context/all_registers.hpp>

// For functions that contain suspend_here(). Clang may keep its base pointer in rbx where a function has both alloca
// and over-aligned variables, and would lose it: there they stay functions of their own.
#if defined(__clang__) || !defined(__x86_64__)
#define TENDRIL_INLINE_WAIT [[gnu::noinline]]
#else
#define TENDRIL_INLINE_WAIT [[gnu::always_inline]]
#endif

extern "C" {
// Entered by a jump, with the address to go on at in %rax; goes there by a jump, once the green thread runs again.
void tendril_suspend();
// The same as a function.
void tendril_park();
}

namespace tendril::detail {

[[gnu::always_inline]] inline void suspend_here() {
#ifdef __x86_64__
    // By its address, so that compiler and linker see who is meant; not by a call, whose return address would be in the
    // way of the caller's red zone, nor through the PLT, which would write there.
    void (*target)() = &tendril_suspend;
    asm volatile("leaq 1f(%%rip), %%rax\n\t"
                 "jmpq *%0\n\t"
                 "1:\n\t"
#ifdef __CET__
                 "endbr64\n\t"
#endif
                 : "+d"(target)
                 :
                 : "rax", "rsi", "rdi", TENDRIL_ALL_REGISTERS);
#else
    tendril_park();
#endif
}

}  // namespace tendril::detail
