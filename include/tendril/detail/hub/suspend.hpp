// SPDX-License-Identifier: MIT
//
// suspend_here(): suspends the running green thread, whose waiter is set, in the caller's own frame. Not for users.
//
// A function that switches must return, and the processor predicts where to from the last call it saw, which another
// green thread made: if the two run different code, each such return costs a dozen nanoseconds. So the hot waits have
// no returns between the switch and the user's code: they are inlined, and enter and leave the library by jumps
// (docs/design/0006-switch-in-the-caller.md). Where that is impossible, it is a call like any other.

#pragma once

#include <tendril/detail/context/all_registers.hpp>

// For functions that contain suspend_here(). Clang may keep its base pointer in rbx if a function has both alloca and
// over-aligned variables, and would lose it: there they are not inlined.
#if defined(__clang__) || !defined(__x86_64__)
#define TENDRIL_INLINE_WAIT [[gnu::noinline]]
#else
#define TENDRIL_INLINE_WAIT [[gnu::always_inline]]
#endif

extern "C" {
// Entered by a jump, with the address to return to in %rax; jumps there once the green thread runs again.
void tendril_suspend();
// The same as an ordinary function.
void tendril_park();
}

namespace tendril::detail {

[[gnu::always_inline]] inline void suspend_here() {
#ifdef __x86_64__
    // Jumps to its address, so that compiler and linker see the reference. Not a call, whose return address would
    // overwrite the caller's red zone, nor a jump through the PLT, which would write there too.
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
