// SPDX-License-Identifier: MIT
// Floor: sync
//
// Semaphore: a counted permit, shared by the green threads of one hub.
//
// Waiters are served first come, first served: a release hands the permit to the first of them, so a releaser that
// acquires again at once does not overtake. release() never switches. Example: examples/semaphore.cpp

#pragma once

#include <cstddef>
#include <cstdint>

#include <tendril/deadline.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/size.hpp>

namespace tendril {

class Semaphore {
public:
    // Throws: std::invalid_argument when negative.
    explicit Semaphore(Size permits = 1) noexcept : permits_(permits) {}

    // Requires: nobody waits. Aborts otherwise, naming the waiters.
    ~Semaphore() = default;

    // Takes one permit, waiting until there is one.
    // Returns: false when the deadline came first; no permit is taken.
    // Yields: unless one is free. Throws: Interrupt, no permit is taken; WrongThread.
    TENDRIL_INLINE_WAIT bool acquire() { return take(never); }
    [[nodiscard("it says whether a permit was taken")]] TENDRIL_INLINE_WAIT bool acquire(Deadline deadline) {
        return take(deadline);
    }

    // Takes one permit if one is free. Throws: WrongThread.
    [[nodiscard]] bool try_acquire();

    // Gives permits back. Throws: WrongThread; std::invalid_argument when negative.
    void release(Size permits = 1);

    std::size_t available() const noexcept { return permits_; }       // how many permits are free
    std::size_t waiting() const noexcept { return waiters_.size(); }  // how many green threads wait for one
    bool locked() const noexcept { return permits_ == 0; }            // whether acquire() would wait

    // The standard's names, so that std::unique_lock and std::scoped_lock hold one permit.
    void lock() { acquire(); }
    bool try_lock() { return try_acquire(); }
    void unlock() { release(); }

    // For wait() and iwait(), which see that a permit is free and take none.
    bool ready() const noexcept { return permits_ > 0; }
    void observe(detail::Observer& observer) const { waiters_.observe(observer); }

private:
    TENDRIL_INLINE_WAIT bool take(Deadline deadline) {
        return try_acquire() ||
               waiters_.wait_here("Semaphore::acquire", &last_taker_, deadline) == detail::Outcome::handed;
    }

    std::size_t permits_;           // 0 while anybody waits
    std::uint64_t last_taker_ = 0;  // the id of a green thread, for dumps
    detail::WaitQueue waiters_{"a Semaphore",
                               {this, [](void* self, void*) noexcept { ++static_cast<Semaphore*>(self)->permits_; }},
                               detail::SlotUse::last_taker};
};

// A Semaphore that refuses more releases than acquires.
class BoundedSemaphore {
public:
    // With that many permits.
    explicit BoundedSemaphore(Size permits = 1) noexcept : semaphore_(permits), limit_(permits) {}

    bool acquire() { return semaphore_.acquire(); }  // takes a permit, as Semaphore::acquire()
    // Takes a permit, as Semaphore::acquire().
    [[nodiscard("it says whether a permit was taken")]] bool acquire(Deadline deadline) {
        return semaphore_.acquire(deadline);
    }
    [[nodiscard]] bool try_acquire() { return semaphore_.try_acquire(); }  // takes a permit if one is free

    // Throws: std::logic_error when that would be one too many; nothing is released.
    void release(Size permits = 1);

    std::size_t available() const noexcept { return semaphore_.available(); }  // how many permits are free
    std::size_t waiting() const noexcept { return semaphore_.waiting(); }      // how many green threads wait for one
    bool locked() const noexcept { return semaphore_.locked(); }               // whether acquire() would wait
    void lock() { acquire(); }                                                 // the standard's names
    bool try_lock() { return try_acquire(); }                                  // as acquire()
    void unlock() { release(); }                                               // as release()
    bool ready() const noexcept { return semaphore_.ready(); }  // for wait() and iwait(): whether a permit is free
    void observe(detail::Observer& observer) const { semaphore_.observe(observer); }

private:
    Semaphore semaphore_;
    std::size_t limit_;
};

}  // namespace tendril
