// SPDX-License-Identifier: MIT
// Floor: sync
//
// Barrier: a fixed number of green threads of one hub, its parties, wait for each other, phase after phase: what
// threading.Barrier is in Python, and std::barrier to OS threads.
//
//     Barrier phase(3);
//     for (;;) { compute(); phase.wait(); exchange(); phase.wait(); }        // in three green threads
//
// A wait() that a deadline, a kill or a Timeout ends withdraws, as if it had not been called: the others wait for one
// party more. So it is in asyncio.Barrier; in threading.Barrier a deadline breaks the barrier for all. That rule is one
// line, `if (!phase.wait(5s)) phase.abort();`, while no line could take back a breach. A party that will not come again
// says so: arrive_and_drop(). Example: examples/barrier.cpp

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/stand.hpp>
#include <tendril/detail/hub/callback.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/size.hpp>

namespace tendril {

// wait() on a Barrier that was aborted, or that was aborted or reset while it waited.
class BrokenBarrier : public std::runtime_error {
public:
    BrokenBarrier() : std::runtime_error("the barrier is broken: it was aborted or reset, or its action threw") {}
};

class Barrier {
public:
    // action: called at the end of each phase, by the party that comes last, before it or any other goes on. It may
    // wait; a party of the next phase that comes meanwhile waits for its end. If it throws, a kill or a Timeout in it
    // included, the barrier is broken and the exception leaves the wait() that ran it.
    // Throws: std::invalid_argument for 0 parties or less.
    explicit Barrier(Size parties, detail::Callback<void()> action = nullptr);

    // Requires: nobody waits. Aborts otherwise, naming the waiters. What waited and goes on needs it no more.
    ~Barrier() = default;

    // Waits until all parties wait, then all go on, in the order in which they came.
    // Returns: a number from 0 on, another one for each party of the phase; nothing when the deadline came first.
    // Yields: unless this is the last party. Throws: BrokenBarrier; Interrupt, before the phase has ended; what the
    // action throws; std::logic_error inside the action, and when all parties have dropped out; WrongThread.
    std::size_t wait() { return *arrive(never); }
    [[nodiscard("it says whether all came in time")]] std::optional<std::size_t> wait(Deadline deadline) {
        return arrive(deadline);
    }

    // One party fewer, in this phase and those that follow; runs the action and lets the others go on if they all wait.
    // Yields: only where the action does. Throws: what the action throws, this party has left then;
    // std::logic_error when none is left; WrongThread.
    void arrive_and_drop();

    // Breaks the barrier: all who wait now, and all who come until the next reset(), get BrokenBarrier. Never switches.
    void abort();

    // As new, with the parties that are left. All who wait now get BrokenBarrier, and count for no phase. Never
    // switches.
    void reset();

    // How many it takes, fewer after each arrive_and_drop(); how many of them wait; whether wait() throws.
    std::size_t parties() const noexcept { return parties_; }
    std::size_t waiting() const noexcept { return waiters_.size(); }  // Cost: O(waiting)
    bool broken() const noexcept { return broken_; }

private:
    // 1. The party that completes a phase ends it before it returns, so those who wait are always too few. A phase that
    //    was complete ends even if one of its parties leaves while the action runs.
    // 2. A party that leaves a wait refers to the Barrier only if its Stand counts: else its phase has ended, or the
    //    Barrier is gone.
    std::optional<std::size_t> arrive(Deadline deadline);
    bool enter(Deadline deadline);
    bool complete(std::size_t more) const noexcept;
    std::size_t end_phase();
    void run_action();
    void break_off() noexcept;
    void next_phase() noexcept;

    std::size_t parties_;
    const detail::Callback<void()> action_;
    std::size_t arrived_ = 0;   // in stands_: at least those who wait, one that withdraws is counted until it runs
    std::uint64_t phase_ = 0;   // also counts aborts and resets
    std::uint64_t acting_ = 0;  // id of the green thread that runs the action; 0: none does
    bool broken_ = false;
    detail::Stands stands_;  // of this phase's parties
    detail::Stands early_stands_;
    detail::WaitQueue waiters_{"a Barrier"};                             // of this phase
    detail::WaitQueue early_{"a Barrier", {}, detail::SlotUse::holder};  // of the next, while the action runs
};

}  // namespace tendril
