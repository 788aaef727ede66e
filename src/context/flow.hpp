// SPDX-License-Identifier: MIT
//
// Flow: one flow of control that can be left and resumed, and switch_flow(), which does both. Raw contexts and green
// threads are built on it; it knows neither.
//
// Invariants:
// 1. A Flow belongs to one OS thread forever.
// 2. Exactly one flow of an OS thread runs; the fields of a suspended one say where it stopped.
// 3. State that C++ keeps per OS thread but a flow owns (exceptions in flight, errno, the floating-point control)
//    travels with the flow. Of the floating-point control, all of it travels only if the flow asks for that.
// 4. `unusual` says what a switch must do beyond the usual. Of a flow that runs, the bit `words` is not set.

#pragma once

#include <cerrno>
#include <cstdint>
#include <cxxabi.h>
#include <utility>

#include <tendril/detail/context/all_registers.hpp>

#include "context/sanitizer.hpp"

#if defined(TENDRIL_USE_BOOST_CONTEXT)
#include "context/switch_boost.hpp"
#elif defined(__x86_64__)
#define TENDRIL_SWITCH_OURS 1
#include "context/switch_x86_64.hpp"
#elif defined(__aarch64__)
#define TENDRIL_SWITCH_OURS 1
#include "context/switch_aarch64.hpp"
#else
#include "context/switch_boost.hpp"
#endif

namespace tendril::detail {

// The two words behind __cxa_get_globals() (Itanium C++ ABI, exception handling, 2.2.2).
struct EhGlobals {
    void* caught = nullptr;     // the stack of caught exceptions
    unsigned int uncaught = 0;  // std::uncaught_exceptions()
};

// Per OS thread: where the words of invariant 3 live, looked up once.
struct ThreadWords {
    EhGlobals* eh = reinterpret_cast<EhGlobals*>(__cxxabiv1::__cxa_get_globals());
    int* error = &errno;
};

struct Flow : Registers {
    enum Unusual : std::uint8_t { words = 1, own_environment = 2 };

    EhGlobals eh;
    int saved_errno = 0;
    FpControl fp_control;
    std::uint8_t unusual = 0;
    FpEnvironment environment;  // while it does not run: of raw contexts, and of flows with one of their own
#if defined(TENDRIL_ASAN) || defined(TENDRIL_TSAN)
    StackBounds* on = nullptr;  // the stack it stopped on
#endif
#ifdef TENDRIL_ASAN
    void* asan_fake_stack = nullptr;
#endif

    // Inherits its maker's floating-point control.
    Flow() noexcept {
        fp_control.save();
    }

    // Gives it, with what the running flow has, an environment of its own from its first switch on.
    void have_own_environment() noexcept {
        environment.save();
        unusual |= own_environment;
    }
    bool has_own_environment() const noexcept {
        return (unusual & own_environment) != 0;
    }

    // For the flow that runs: begins and ends an environment of its own, the end with what flows without one have.
    void begin_own_environment() noexcept;
    void end_own_environment() noexcept;

    // Sets the stack that it begins on; only sanitizer builds need it.
    void begins_on([[maybe_unused]] StackBounds& stack) noexcept {
#if defined(TENDRIL_ASAN) || defined(TENDRIL_TSAN)
        on = &stack;
#endif
    }
};

// Must run on arrival, and first thing on a new stack.
[[gnu::always_inline]] inline void flow_arrived([[maybe_unused]] Flow& self) noexcept {
#ifdef TENDRIL_ASAN
    __sanitizer_finish_switch_fiber(self.asan_fake_stack, nullptr, nullptr);
    self.asan_fake_stack = nullptr;
#endif
}

namespace {

[[gnu::always_inline]] inline void depart([[maybe_unused]] Flow& from, [[maybe_unused]] Flow& to,
                                          [[maybe_unused]] bool for_good,
                                          [[maybe_unused]] StackBounds*& here) noexcept {
#if defined(TENDRIL_ASAN) || defined(TENDRIL_TSAN)
    from.on = here;
    here = to.on;
#endif
#ifdef TENDRIL_ASAN
    __sanitizer_start_switch_fiber(for_good ? nullptr : &from.asan_fake_stack, to.on->bottom, to.on->size);
#endif
#ifdef TENDRIL_TSAN
    __tsan_switch_to_fiber(to.on->tsan_fiber, 0);
#endif
}

}  // namespace

void exchange_environment(Flow& from, const Flow& to) noexcept;
void take_environment(const Flow& to) noexcept;  // the half of it for a flow that comes after one that has ended
void load_control(const Flow& to) noexcept;

[[gnu::always_inline]] inline void take_words(const ThreadWords& words, Flow& to) noexcept {
    *words.eh = std::exchange(to.eh, EhGlobals());
    *words.error = std::exchange(to.saved_errno, 0);
    to.unusual &= Flow::own_environment;
}

// Returns: zero if the running flow has no exception in flight and no errno.
[[gnu::always_inline]] inline std::uintptr_t running_words(const ThreadWords& words) noexcept {
    return reinterpret_cast<std::uintptr_t>(words.eh->caught) | words.eh->uncaught |
           static_cast<unsigned>(*words.error);
}

[[gnu::always_inline]] inline void exchange_words(const ThreadWords& words, std::uintptr_t running, Flow& from,
                                                  Flow& to) noexcept {
    from.eh = *words.eh;
    from.saved_errno = *words.error;
    from.unusual |= static_cast<std::uint8_t>(running != 0 ? Flow::words : 0);
    take_words(words, to);
}

// Exchanges everything but the stack and the address. Usually neither side has an exception or an errno, and nothing is
// written; what reads sockets has an errno at every switch. The `eh` and `saved_errno` of a running flow are zero.
[[gnu::always_inline]] inline void exchange_state(const ThreadWords& words, Flow& from, Flow& to) noexcept {
    const std::uintptr_t running = running_words(words);
    if ((running | from.unusual | to.unusual) != 0) [[unlikely]] {
        const bool own = ((from.unusual | to.unusual) & Flow::own_environment) != 0;
        exchange_words(words, running, from, to);
        if (own) {
            exchange_environment(from, to);
        }
    }
    from.fp_control.save();
    if (!from.fp_control.same_as(to.fp_control)) [[unlikely]] {
        load_control(to);
    }
}

// The same without the parts that are calls, for a function that would have to save registers for them. Returns: false
// if it needs them: then nothing was exchanged.
[[gnu::always_inline]] inline bool exchange_usual_state(const ThreadWords& words, Flow& from, Flow& to) noexcept {
    const unsigned unusual = from.unusual | to.unusual;
    from.fp_control.save();
    if (!from.fp_control.same_as(to.fp_control) || (unusual & Flow::own_environment) != 0) [[unlikely]] {
        return false;
    }
    if (const std::uintptr_t running = running_words(words); (running | unusual) != 0) [[unlikely]] {
        exchange_words(words, running, from, to);
    }
    return true;
}

// Leaves `from`, which runs, for `to`, which is suspended or prepared; returns when something switches back to `from`.
// `here` is the OS thread's note of its current stack. The function that this is inlined into must be TENDRIL_OPAQUE.
[[gnu::always_inline]] inline void switch_flow(const ThreadWords& words, StackBounds*& here, Flow& from,
                                               Flow& to) noexcept {
    exchange_state(words, from, to);
    depart(from, to, false, here);
    jump(from, to);
    flow_arrived(from);
}

// The same for a flow that has ended: nothing will switch back to it. It has no environment of its own any more.
[[noreturn, gnu::always_inline]] inline void leave_flow(const ThreadWords& words, StackBounds*& here, Flow& from,
                                                        Flow& to) noexcept {
    *words.eh = EhGlobals();
    *words.error = 0;
    if (to.unusual != 0) [[unlikely]] {
        const bool own = to.has_own_environment();
        take_words(words, to);
        if (own) {
            take_environment(to);
        }
    }
    from.fp_control.save();  // loading the words without comparing would cost more
    if (!from.fp_control.same_as(to.fp_control)) [[unlikely]] {
        load_control(to);
    }
    depart(from, to, true, here);
    jump(from, to);
    __builtin_unreachable();
}

}  // namespace tendril::detail
