// SPDX-License-Identifier: MIT
//
// The library's side of suspend_here().

#include <tendril/detail/suspend.hpp>

#include "hub/hub_core.hpp"

using tendril::detail::HubCore;
using tendril::detail::Registers;

extern "C" {

void tendril_park() {
    HubCore::here().park();
}

#ifdef __x86_64__
struct TendrilSwitch {
    Registers* from;
    Registers* to;
};

#if !defined(TENDRIL_ASAN) && !defined(TENDRIL_TSAN) && !defined(TENDRIL_USE_BOOST_CONTEXT)

// All of a switch but the jump. Both are the same when nobody else is ready.
[[gnu::used]] TendrilSwitch tendril_choose_next() noexcept {
    HubCore& hub = HubCore::here();
    tendril::detail::Fiber& from = *hub.current;
    tendril::detail::Fiber& to = hub.leave_for_next();
    return {&from, &to};
}

// The caller may have a red zone below its stack pointer, and any alignment.
asm(R"(
    .text
    .p2align 4
    .globl tendril_suspend
    .type tendril_suspend, @function
tendril_suspend:
    movq %rsp, %r12
    movq %rax, %r13
    leaq -128(%rsp), %rsp
    andq $-16, %rsp
    call tendril_choose_next
    movq %r12, 0(%rax)
    movq %rbp, 8(%rax)
    movq %r13, 16(%rax)
    movq %rdx, %rdi
    movq 0(%rdi), %rsp
    movq 8(%rdi), %rbp
    jmpq *16(%rdi)
    .size tendril_suspend, .-tendril_suspend
)");

#else

// The sanitizers must be told on both sides of the switch, and Boost's has its own: a call.
asm(R"(
    .text
    .p2align 4
    .globl tendril_suspend
    .type tendril_suspend, @function
tendril_suspend:
    movq %rsp, %r12
    movq %rax, %r13
    leaq -128(%rsp), %rsp
    andq $-16, %rsp
    call tendril_park
    movq %r12, %rsp
    jmpq *%r13
    .size tendril_suspend, .-tendril_suspend
)");

#endif
#endif
}
