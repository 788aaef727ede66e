// SPDX-License-Identifier: MIT
//
// yield_here(): yields in the caller's own frame. Not for users.
//
// A function that switches for its caller saves six registers and loads six others, which is as much work as the switch
// itself. So this is inlined: the library chooses who runs next, and the switch is between the user's own instructions,
// where the compiler saves what is live and no more (docs/design/0006-switch-in-the-caller.md). Where that is
// impossible, it is a call like any other.

#pragma once

#include <tendril/detail/context/all_registers.hpp>

namespace tendril::detail {

struct Registers;  // where a green thread stopped: sp, fp and pc, which the asm statement below knows

struct Turn {
    Registers* from;
    Registers* to;  // nullptr: nothing was done yet, and it must be done by tendril_yield()
};

}  // namespace tendril::detail

extern "C" {
// A whole yield, as an ordinary function. Throws: as yield().
void tendril_yield();
// Puts the running green thread behind those that are ready and makes the first of them the running one: everything of
// a switch but the jump, which must follow at once.
tendril::detail::Turn tendril_begin_yield() noexcept;
// What follows the jump back, with what was the Turn's `from`. Throws: as yield().
void tendril_end_yield(tendril::detail::Registers* me);
}

namespace tendril::detail {

#if defined(__x86_64__) && !defined(__clang__)

// Both calls are TENDRIL_OPAQUE: see all_registers.hpp.
[[gnu::always_inline]] inline void yield_here() {
    Turn turn = tendril_begin_yield();
    if (turn.to == nullptr) [[unlikely]] {
        tendril_yield();
        return;
    }
    asm volatile("leaq 1f(%%rip), %%rdx\n\t"
                 "movq %%rsp, 0(%%rax)\n\t"
                 "movq %%rbp, 8(%%rax)\n\t"
                 "movq %%rdx, 16(%%rax)\n\t"
                 "movq 0(%%rdi), %%rsp\n\t"
                 "movq 8(%%rdi), %%rbp\n\t"
                 "jmpq *16(%%rdi)\n\t"
                 "1:\n\t"
#ifdef __CET__
                 "endbr64\n\t"
#endif
                 : "+a"(turn.from), "+D"(turn.to)  // of the one that jumps back, whose `to` is this green thread
                 :
                 : "rdx", "rsi", TENDRIL_ALL_REGISTERS);
    tendril_end_yield(turn.to);
}

#else

inline void yield_here() {
    tendril_yield();
}

#endif

}  // namespace tendril::detail
