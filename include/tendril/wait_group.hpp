// SPDX-License-Identifier: MIT
// Floor: sync
//
// WaitGroup: counts what is under way among the green threads of one hub, and waits until nothing is: what
// sync.WaitGroup is in Go. Its count goes up and down, and it may be used again and again. For green threads that are
// all spawned in one place there is group.hpp, which also kills them.
//
//     WaitGroup running;
//     spawn_n([token = WaitGroup::Token(running)] { work(); });      // counted until it has ended, however it ends
//     running.wait();
//
// As in Go, the count must go up before the work begins, not inside it, or wait() may see 0 too early. It may also go
// up while somebody waits, who then waits for that too.

#pragma once

#include <cstddef>
#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/size.hpp>

namespace tendril {

class WaitGroup {
public:
    // An add() with the done() that belongs to it, when the Token goes: at the end of its scope or of the function that
    // owns it, a kill included, even one before that has begun. Move-only. Requires: the group outlives it.
    class Token {
    public:
        explicit Token(WaitGroup& group) : group_(&group) { group.add(); }  // adds one; its end is done()
        Token(Token&& other) noexcept : group_(std::exchange(other.group_, nullptr)) {}
        Token& operator=(Token&&) = delete;
        ~Token() {
            if (group_ != nullptr) {
                group_->done();
            }
        }

    private:
        WaitGroup* group_;
    };

    WaitGroup() = default;

    // Requires: nobody waits. Aborts otherwise, naming the waiters.
    ~WaitGroup() = default;

    // Before the work begins, so that no wait() ends too early. Throws: std::invalid_argument when negative;
    // std::overflow_error; WrongThread.
    void add(Size n = 1);

    // For each that was added, once it is done. At 0 wakes all who wait, in the order in which they came; they return
    // even if more is added before their turn. Never switches. Throws: std::logic_error for one too many; WrongThread.
    void done();

    // Waits until the count is 0; takes nothing, and any number may wait.
    // Returns: true once the count is 0; false when the deadline came first.
    // Yields: unless the count is 0. Throws: Interrupt; WrongThread.
    bool wait() { return wait_until(never); }
    [[nodiscard("it says whether all was done in time")]] bool wait(Deadline deadline) { return wait_until(deadline); }

    // What was added and is not done.
    std::size_t count() const noexcept { return count_; }

    // For wait() and iwait(): ready when the count is 0.
    bool ready() const noexcept { return count_ == 0; }
    void observe(detail::Observer& observer) const { waiters_.observe(observer); }

private:
    bool wait_until(Deadline deadline);

    std::size_t count_ = 0;
    detail::WaitQueue waiters_{"a WaitGroup"};
};

}  // namespace tendril
