// SPDX-License-Identifier: MIT
//
// Scheduler: which green thread runs, which are ready, and which sleep until when; the part of a hub that a switch, a
// wait and a wake-up touch. The rest of the hub is HubCore (hub/hub_core.hpp): every Scheduler is the base of one.
//
// It has no loop of its own. A green thread that must wait switches straight to the next ready one; when none is ready,
// it polls the backend itself, on its own stack, until one is. That may be itself: then nothing is switched.
//
// Invariants:
// 1. `current` runs; every other live fiber is ready, parked or waits for its start.
// 2. Nothing is allocated or thrown between popping a fiber from the run queue and switching to it.
// 3. A finished fiber's stack is released just before it is left; nothing that could acquire it runs in between.

#pragma once

#include <cstdint>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/check.hpp>
#include <tendril/error.hpp>

#include "context/os_thread.hpp"
#include "hub/fiber.hpp"
#include "hub/run_queue.hpp"
#include "hub/timers.hpp"

namespace tendril::detail {

class Descriptors;

struct Scheduler {
    static constexpr std::int64_t usual_slack_ns = 1'000'000;

    OsThread& os;
    const ThreadWords words;  // the OS thread's, copied here for speed
    Fiber* current;
    RunQueue ready;
    Timers timers{clock_ns, usual_slack_ns};
    Descriptors& descriptors;                    // the HubCore's
    int budget = 1;                              // switches until the next look at the clock and the backend
    std::int64_t clock_ns = Deadline::now_ns();  // when the hub last looked

    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    // Returns this OS thread's, made on first use. Throws: std::logic_error after it has ended.
    static Scheduler& here() {
        if (here_ == nullptr) [[unlikely]] {
            make();
        }
        return *here_;
    }
    static Scheduler* if_any() noexcept { return here_; }
    static void make();

    // Throws HubBlocked inside a callback: for calls that may wait, even if they would not wait this time.
    void refuse_in_callback() const {
        if ((current->attention & Fiber::in_callback) != 0) [[unlikely]] {
            current->attend({.call = "a callback"});
        }
    }

    // Lets every ready green thread run first. Throws: Interrupt, HubBlocked.
    void yield();
    void yield_inline();  // for tendril_yield()
    // For a yield that is over: throws what came meanwhile.
    static void after_yield(Fiber& me) {
        if (me.attention != 0) [[unlikely]] {
            attend_yield(me, true);
        }
    }
    // The same where nothing may be thrown. Returns: false if an interrupt is pending, which stays so.
    bool yield_unthrown() noexcept;

    // Suspends the running fiber until its waiter is resolved. Requires: it has a waiter. Inline, with the switch in
    // it: the processor may mispredict each return between the switch and the green thread's own code, because another
    // green thread made the call.
    void park();
    Fiber& leave_for_next() noexcept;  // park() without the jump itself

    // For the finished fiber, which is running: gives its stack back. Returns: the fiber to switch to, at once.
    Fiber& retire(Fiber& finished) noexcept;

protected:
    // Of what the HubCore is about to make.
    Scheduler(Fiber& main, Descriptors& all)
        : os(OsThread::current()), words(os.words), current(&main), descriptors(all) {}
    ~Scheduler() = default;

    static constinit thread_local Scheduler* here_ [[gnu::tls_model("initial-exec")]];

private:
    static void attend_yield(Fiber& me, bool begun);
    void switch_to(Fiber& next);
    Fiber& next_ready();
    Fiber& poll_until_ready();
    void turn() noexcept;  // called when the budget is spent
};

// Small and on every path, so inline, and here, where all types are known.

[[gnu::always_inline]] inline void Scheduler::switch_to(Fiber& next) {
    Fiber& from = *current;
    current = &next;
    os.tree = &next.tree;
    switch_flow(words, os.here, from, next);
}

[[gnu::always_inline]] inline Fiber& Scheduler::next_ready() {
    if (ready.empty()) [[unlikely]] {
        return poll_until_ready();
    }
    return ready.pop();
}

[[gnu::always_inline]] inline Fiber& Scheduler::leave_for_next() noexcept {
    TENDRIL_ASSERT(current->waiter != nullptr);
    if (--budget <= 0) [[unlikely]] {
        turn();
    }
    Fiber& from = *current;
    Fiber& next = next_ready();
    if (&next != &from) {
        os.observe(SwitchEvent::Kind::switched, from.id, next.id);
        current = &next;
        os.tree = &next.tree;
        exchange_state(words, from, next);
    }
    return next;
}

[[gnu::always_inline]] inline void Scheduler::park() {
    TENDRIL_ASSERT(current->waiter != nullptr);
    if (--budget <= 0) [[unlikely]] {
        turn();
    }
    Fiber& next = next_ready();
    if (&next != current) {
        os.observe(SwitchEvent::Kind::switched, current->id, next.id);
        switch_to(next);
    }
}

inline bool Fiber::runs() const noexcept {
    return hub.current == this;
}

}  // namespace tendril::detail
