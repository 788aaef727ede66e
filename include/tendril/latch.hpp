// SPDX-License-Identifier: MIT
// Floor: sync
//
// Latch: a count that only goes down, and green threads of one hub that wait for its end: what std::latch is to OS
// threads. For a count that also goes up there is wait_group.hpp, for parties that meet again and again barrier.hpp.
//
//     Latch loaded(parts.size());
//     for (Part& part : parts) spawn_n([&] { part.load(); loaded.count_down(); });
//     loaded.wait();
//
// It counts calls, not green threads: any may count down, once or several times, and any may wait. If one ends without
// its count_down(), killed or by an exception, the latch never opens: a WaitGroup::Token or a Group does not forget it.

#pragma once

#include <cstddef>

#include <tendril/deadline.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/size.hpp>

namespace tendril {

class Latch {
public:
    // Open from the start if the count is 0. Throws: std::invalid_argument when negative.
    explicit Latch(Size count) : count_(count) {}

    // Requires: nobody waits. Aborts otherwise, naming the waiters. What waited and was woken needs it no more.
    ~Latch() = default;

    // At 0 it opens, and stays open: wakes all waiters, in the order in which they came. Never switches.
    // Throws: std::logic_error for more than the count, which is not changed then; WrongThread.
    void count_down(Size n = 1);

    // Returns: true once it is open; false when the deadline came first.
    // Yields: unless it is open. Throws: Interrupt; WrongThread.
    bool wait() { return wait_until(never); }
    [[nodiscard("it says whether the latch opened in time")]] bool wait(Deadline deadline) {
        return wait_until(deadline);
    }
    [[nodiscard]] bool try_wait() const noexcept { return count_ == 0; }  // whether it is open

    // count_down(n), then wait(). Throws: as both. A kill or a Timeout ends the wait; what was counted down stays so,
    // since the others may have gone on by it.
    void arrive_and_wait(Size n = 1) {
        count_down(n);
        wait();
    }

    // What is left to be counted down.
    std::size_t count() const noexcept { return count_; }

    // For wait() and iwait(): ready when open.
    bool ready() const noexcept { return count_ == 0; }
    void observe(detail::Observer& observer) const { waiters_.observe(observer); }

private:
    bool wait_until(Deadline deadline);

    std::size_t count_;
    detail::WaitQueue waiters_{"a Latch"};
};

}  // namespace tendril
