// SPDX-License-Identifier: MIT
//
// Waiter: one wait of one green thread, on its stack. A hand-off, a deadline and a kill that meet are decided here and
// nowhere else: the first to resolve a waiter wins, all others learn that they came too late.
//
// A primitive keeps waiters in a List, which they leave in their destructor at the latest. A producer pops waiters
// until resolve() succeeds, so a waiter that timed out or was killed never swallows an item.

#pragma once

#include <cstdint>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/check.hpp>
#include <tendril/detail/base/list.hpp>
#include <tendril/detail/hub/giver.hpp>
#include <tendril/detail/hub/outcome.hpp>

#include "hub/scheduler.hpp"

namespace tendril::detail {

// One cache line, so that resolving it touches no other line of a cold stack.
struct alignas(64) Waiter : ListNode, private Timer {
    Fiber& fiber;
    const char* what;                    // the call that waits, in reports: "sleep", "recv"
    void* slot = nullptr;                // where a hand-over puts or takes the item; its meaning is the primitive's
    Outcome outcome = Outcome::waiting;  // timed_out is written by wait() itself
    SlotUse slot_use = SlotUse::handover;

    // For the running green thread.
    explicit Waiter(const char* what);

    // Suspends until resolved or until the deadline; returns at once if already resolved. Call it once.
    // Returns: the outcome; never waiting or interrupted. Throws: Interrupt; HubBlocked inside a hub callback.
    Outcome wait(Deadline deadline);
    Outcome wait_inline(Deadline deadline);  // for the primitives' own wait functions: see Scheduler::park()

    // wait() for callers that C code has called, through which nothing may be thrown. An interrupt stays pending, to be
    // thrown at the next wait that may throw.
    // Returns: the outcome; interrupted if an interrupt is pending, or has broken the wait off.
    Outcome wait_unthrown(Deadline deadline) noexcept;

    // wait(), split in three for callers that must act in between. prepare() throws an interrupt that is already
    // pending. suspend() does not throw. settle() throws the one that broke this wait off; before it, the caller may
    // set `outcome` to `handed`.
    void prepare(Deadline deadline);
    void suspend();
    Outcome settle();
    void note() noexcept;     // suspend() is note(),
    void resumed() noexcept;  // Scheduler::park(), and resumed()

    // Ends the wait, from anywhere in the hub. Returns: false if it was already resolved.
    bool resolve(Outcome with) noexcept;
    bool decide(Outcome with) noexcept;  // resolve() for a waiter known to be open. Requires: open(). Returns: true

    // Notes the giver of what was handed over, until the fiber runs: the child of a fork() needs it. Kept in a link of
    // the list that the waiter has left.
    void handed_by(const Giver& giver) noexcept {
        prev = const_cast<ListNode*>(reinterpret_cast<const ListNode*>(&giver));
    }
    const Giver* giver() const noexcept {
        return outcome == Outcome::handed && !linked() ? reinterpret_cast<const Giver*>(prev) : nullptr;
    }
    void forget_giver() noexcept { prev = nullptr; }

    void freeze() noexcept;  // in the child of a fork(): makes sure that it is never resolved

    bool plainly_open() const noexcept;  // open(), for a waiter that is not a stand-in

    // Whether it is not resolved yet. The deadline resolves it too, by a note in the hub's timers, without touching
    // this.
    bool open() const noexcept;

private:
    void attend_first();
    void attend_afterwards();
    bool whole_open() const noexcept;
    bool resolve_whole(Outcome with) noexcept;
    bool suspended_ = false;  // in wait(): resolving makes the fiber ready
};

static_assert(sizeof(Waiter) == 64);

// For one wait in several lines: a stand-in in each, open as long as the whole is. Resolving one resolves the whole,
// and its own outcome says that it was this one.
struct StandIn final : Waiter {
    Waiter& whole;
    explicit StandIn(Waiter& w, void* s) : Waiter(w.what), whole(w) {
        outcome = Outcome::stands_in;
        slot = s;
    }
};

// The wait itself, inline: it is on every path.

inline Waiter::Waiter(const char* w) : Timer(nullptr), fiber(*Scheduler::here().current), what(w) {}

inline bool Waiter::plainly_open() const noexcept {
    return outcome == Outcome::waiting && !fiber.hub.timers.fired(*this);
}

inline bool Waiter::open() const noexcept {
    return plainly_open() || (outcome == Outcome::stands_in && whole_open());
}

inline void Waiter::prepare(Deadline deadline) {
    if ((fiber.attention | static_cast<std::uint8_t>(fiber.hub.os.observing)) != 0) [[unlikely]] {
        attend_first();
    }
    if (!deadline.is_never()) {
        fiber.hub.timers.arm_waking(*this, fiber, deadline);
    }
}

inline void Waiter::note() noexcept {
    TENDRIL_ASSERT(fiber.runs() && fiber.waiter == nullptr);
    fiber.waiter = this;
    fiber.waits_since_ns = fiber.hub.clock_ns;
    suspended_ = true;
}

inline void Waiter::resumed() noexcept {
    TENDRIL_ASSERT(fiber.runs() && fiber.waiter == this);
    fiber.waiter = nullptr;
    if (outcome == Outcome::waiting) {
        outcome = Outcome::timed_out;  // by the note in the timers: nothing else makes it ready without an outcome
    }
    fiber.hub.timers.cancel(*this);
}

[[gnu::always_inline]] inline void Waiter::suspend() {
    note();
    fiber.hub.park();
    resumed();
}

inline Outcome Waiter::settle() {
    if (fiber.attention != 0) [[unlikely]] {
        attend_afterwards();
    }
    return outcome;
}

[[gnu::always_inline]] inline Outcome Waiter::wait_inline(Deadline deadline) {
    if (outcome == Outcome::waiting) [[likely]] {  // else it was resolved before it began to wait
        prepare(deadline);
        suspend();
    }
    return settle();
}

inline bool Waiter::resolve(Outcome with) noexcept {
    return open() && decide(with);
}

inline bool Waiter::decide(Outcome with) noexcept {
    TENDRIL_ASSERT(open() && with != Outcome::waiting);
    if (outcome == Outcome::stands_in) [[unlikely]] {
        return resolve_whole(with);
    }
    outcome = with;
    if (suspended_) [[likely]] {
        Scheduler& hub = fiber.hub;
        hub.timers.cancel(*this);  // else its deadline could make the fiber ready a second time
        hub.ready.push(fiber);
    }
    return true;
}

}  // namespace tendril::detail
