// SPDX-License-Identifier: MIT
// Floor: sync
//
// Lock, RLock and Condition: what std::mutex and its like are to OS threads, for the green threads of one hub. They are
// Lockable: std::unique_lock, std::lock_guard and std::scoped_lock work.
//
// Needed less often than with OS threads: nothing else runs between two calls that yield. A Lock guards what must stay
// together across such a call. First come, first served. Example: examples/lock.cpp

#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include <tendril/deadline.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/size.hpp>

namespace tendril {

// A lock that one green thread holds: see the head of this file.
class Lock {
public:
    Lock() = default;

    // Requires: nobody waits. Aborts otherwise, naming the waiters.
    ~Lock() = default;

    // Takes the lock, waiting until it is free.
    // Returns: false if the deadline came first; the lock is not held then. Yields: unless it is free.
    // Throws: std::logic_error if this green thread already holds it, since that wait would never end; Interrupt, it is
    // not held then; WrongThread.
    bool acquire() { return take(never); }
    [[nodiscard("it says whether the lock is held")]] bool acquire(Deadline deadline) { return take(deadline); }
    // Takes the lock if it is free. Throws: as acquire().
    [[nodiscard]] bool try_lock();
    void lock() { take(never); }

    // Hands the lock to the first waiter, or frees it; never switches.
    // Throws: std::logic_error if this green thread does not hold it; WrongThread.
    void unlock();

    // For the standard's guards with a time limit, as std::unique_lock guard(lock, 5s).
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_for(std::chrono::duration<Rep, Period> limit) {
        return take(limit);
    }
    template <class Unit>
    [[nodiscard]] bool try_lock_until(std::chrono::time_point<Deadline::Clock, Unit> limit) {
        return take(limit);
    }

    bool locked() const noexcept { return owner_ != 0; }  // whether any green thread holds it
    bool held_by_me() const;                              // whether this green thread holds it

    // For wait() and iwait(): notifies when the lock is free; does not take it.
    bool ready() const noexcept { return !locked(); }
    void observe(detail::Observer& observer) const { waiters_.observe(observer); }

private:
    friend class RLock;
    bool take(Deadline deadline);

    std::uint64_t owner_ = 0;  // id of the green thread that holds it, or that it was handed to
    detail::WaitQueue waiters_{"a Lock",
                               {this, [](void* self, void*) noexcept { static_cast<Lock*>(self)->owner_ = 0; }},
                               detail::SlotUse::holder};
};

// A Lock that its holder may take again; it is free after as many calls of unlock(). Calls behave as those of Lock.
class RLock {
public:
    bool acquire() { return take(never); }  // as those of Lock
    // As those of Lock.
    [[nodiscard("it says whether the lock is held")]] bool acquire(Deadline deadline) { return take(deadline); }
    [[nodiscard]] bool try_lock();  // as that of Lock
    void lock() { take(never); }    // as that of Lock
    void unlock();                  // gives it up once; as often as it was taken, it is free
    // For the standard's guards, as those of Lock.
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_for(std::chrono::duration<Rep, Period> limit) {
        return take(limit);
    }
    // For the standard's guards, as those of Lock.
    template <class Unit>
    [[nodiscard]] bool try_lock_until(std::chrono::time_point<Deadline::Clock, Unit> limit) {
        return take(limit);
    }

    bool locked() const noexcept { return lock_.locked(); }  // whether any green thread holds it
    bool held_by_me() const { return lock_.held_by_me(); }   // whether this green thread holds it

    bool ready() const noexcept { return lock_.ready(); }  // for wait() and iwait(): whether it is free
    void observe(detail::Observer& observer) const { lock_.observe(observer); }

private:
    friend class Condition;
    bool take(Deadline deadline);

    Lock lock_;
    std::size_t depth_ = 0;
};

// A lock that a Condition works with.
template <class L>
concept ConditionLock = std::same_as<L, Lock> || std::same_as<L, RLock>;

// Waits for a change of something that a Lock or an RLock guards.
//
//     std::unique_lock guard(lock);
//     condition.wait(lock, [&] { return !jobs.empty(); });
class Condition {
public:
    Condition() noexcept : waiters_("a Condition") {}

    // Requires: nobody waits. Aborts otherwise, naming the waiters.
    ~Condition() = default;

    // Unlocks, waits for a notification, and locks again. The lock is held again however the wait ends, also after an
    // exception. An RLock is unlocked as often as its holder locked it, so that others can have it, and is then held as
    // often again. Yields. Returns: false if the deadline came first. Throws: std::logic_error if the lock is not held;
    // Interrupt.
    bool wait(Lock& lock) { return wait_once(lock, never); }
    bool wait(RLock& lock) { return wait_once(lock, never); }
    [[nodiscard("it says whether a notification came in time")]] bool wait(Lock& lock, Deadline deadline) {
        return wait_once(lock, deadline);
    }
    [[nodiscard("it says whether a notification came in time")]] bool wait(RLock& lock, Deadline deadline) {
        return wait_once(lock, deadline);
    }

    // Waits in this way until predicate() is true. Returns: predicate(), false only after the deadline.
    template <ConditionLock L, std::predicate Predicate>
    bool wait(L& lock, Predicate predicate) {
        while (!predicate()) {
            wait(lock);
        }
        return true;
    }
    template <ConditionLock L, std::predicate Predicate>
    [[nodiscard("it says whether the predicate is true")]] bool wait(L& lock, Predicate predicate, Deadline deadline) {
        while (!predicate()) {
            if (!wait(lock, deadline)) {
                return predicate();
            }
        }
        return true;
    }

    // Wake one waiter, at most n, or all; never switch. A notification without a waiter is lost.
    void notify_one() { notify(1); }
    void notify(Size n);
    void notify_all();

private:
    bool wait_once(Lock& lock, Deadline deadline);
    bool wait_once(RLock& lock, Deadline deadline);

    detail::WaitQueue waiters_;
};

}  // namespace tendril
