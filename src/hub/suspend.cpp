// SPDX-License-Identifier: MIT
//
// The library's side of suspend_here() and yield_here().

#include <tendril/detail/hub/suspend.hpp>

#include <tendril/detail/hub/yield_here.hpp>

#include "hub/hub_core.hpp"

#if defined(__x86_64__) && !defined(TENDRIL_ASAN) && !defined(TENDRIL_TSAN) && !defined(TENDRIL_USE_BOOST_CONTEXT)
#define TENDRIL_SWITCHES_IN_THE_CALLER 1
#endif

using tendril::detail::Fiber;
using tendril::detail::HubCore;
using tendril::detail::Registers;
using tendril::detail::Scheduler;
using tendril::detail::Turn;

#ifdef TENDRIL_SWITCHES_IN_THE_CALLER

namespace {

// A function of its own, so that tendril_begin_yield() calls nothing, and has no registers to save.
[[gnu::noinline]] Turn exchange_other_state(Scheduler& hub, Fiber& me, Fiber& next) noexcept {
    exchange_state(hub.words, me, next);
    return {&me, &next};
}

}  // namespace

#endif

extern "C" {

TENDRIL_OPAQUE void tendril_park() {
    HubCore::here().park();
}

#ifdef __x86_64__

// tendril_suspend() is a naked function and not a separate assembly file: so archives, link-time optimisation and
// -fvisibility see a function like any other. The function it calls is marked `used`, because only the assembly names
// it.
//
// For the unwinder, which may come here from a signal handler: the caller's stack pointer is in %rsp, later in %r12,
// and the address to return to in %rax, later in %r13.
#define TENDRIL_ENTERED_BY_A_JUMP                                                             \
    ".cfi_def_cfa rsp, 0\n\t"                                                                 \
    ".cfi_register rip, rax\n\t"                                                              \
    "movq %rsp, %r12\n\t"                                                                     \
    "movq %rax, %r13\n\t"                                                                     \
    ".cfi_def_cfa r12, 0\n\t"                                                                 \
    ".cfi_register rip, r13\n\t"                                                              \
    "leaq -128(%rsp), %rsp\n\t" /* the caller may have a red zone there, and any alignment */ \
    "andq $-16, %rsp\n\t"

#ifdef TENDRIL_SWITCHES_IN_THE_CALLER

// Everything of a switch except the jump. from == to if no other green thread is ready.
[[gnu::used]] TENDRIL_OPAQUE Turn tendril_choose_next() noexcept {
    HubCore& hub = HubCore::here();
    tendril::detail::Fiber& from = *hub.current;
    tendril::detail::Fiber& to = hub.leave_for_next();
    return {&from, &to};
}

[[gnu::naked, gnu::used]] void tendril_suspend() {
    asm(TENDRIL_ENTERED_BY_A_JUMP "call tendril_choose_next\n\t"
                                  "movq %r12, 0(%rax)\n\t"
                                  "movq %rbp, 8(%rax)\n\t"
                                  "movq %r13, 16(%rax)\n\t"
                                  "movq %rdx, %rdi\n\t"
                                  "movq 0(%rdi), %rsp\n\t"
                                  "movq 8(%rdi), %rbp\n\t"
                                  "jmpq *16(%rdi)");
}

#else

// The sanitizers must be told on both sides of the switch, and Boost has a switch of its own: so this calls park().
[[gnu::naked, gnu::used]] void tendril_suspend() {
    asm(TENDRIL_ENTERED_BY_A_JUMP "call tendril_park\n\t"
                                  "movq %r12, %rsp\n\t"
                                  "jmpq *%r13");
}

#endif
#endif

#ifdef TENDRIL_SWITCHES_IN_THE_CALLER

// A short form of Scheduler::yield_inline(), which does whatever is not usual.
TENDRIL_OPAQUE Turn tendril_begin_yield() noexcept {
    Scheduler* const hub = Scheduler::if_any();
    if (hub == nullptr) [[unlikely]] {
        return {};
    }
    Fiber& me = *hub->current;
    if (me.attention != 0 || hub->budget <= 1 || hub->os.observer != nullptr || hub->ready.empty()) [[unlikely]] {
        return {};
    }
    --hub->budget;
    Fiber& next = hub->ready.rotate(me);
    hub->current = &next;
    hub->os.tree = &next.tree;
    if (!exchange_usual_state(hub->words, me, next)) [[unlikely]] {
        return exchange_other_state(*hub, me, next);
    }
    return {&me, &next};
}

TENDRIL_OPAQUE void tendril_end_yield(Registers* me) {
    Scheduler::after_yield(static_cast<Fiber&>(*me));
}

#else

// The sanitizers must be told on both sides of the switch, and Boost has a switch of its own.
Turn tendril_begin_yield() noexcept {
    return {};
}

void tendril_end_yield(Registers*) {}

#endif
}
