// SPDX-License-Identifier: MIT
// Floor: sync
//
// RWLock: a lock that many readers hold together, or one writer alone: what std::shared_timed_mutex is to OS threads,
// for the green threads of one hub. std::unique_lock locks it for writing, std::shared_lock for reading, both also with
// a time limit.
//
//     RWLock lock;
//     { const std::shared_lock reading(lock); show(table); }
//     { const std::unique_lock writing(lock); change(table); }
//
// First come, first served, readers that stand together go in together: a reader that comes while a writer waits stands
// behind it, so neither kind starves. Hence a reader must not lock it again, neither to read nor to write: a writer may
// stand between, and both would wait forever. To write after reading: unlock_shared(), lock(), and look again at what
// was read. Its name is not SharedMutex because the Shared classes here are those between OS threads.
//
// One that a deadline, a kill or a Timeout takes out of the line leaves nothing there: if it was a writer, the readers
// that stood behind it go in at once.
//
// Needed less often than with OS threads: nothing else runs between two calls that yield.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/stand.hpp>
#include <tendril/detail/sync/wait_queue.hpp>

namespace tendril {

class RWLock {
public:
    RWLock() = default;

    // Requires: nobody waits. Aborts otherwise, naming the waiters.
    ~RWLock() = default;

    // To write: waits until nobody holds it. Returns: false if the deadline came first; it is not held then.
    // Yields: unless it is free. Throws: Interrupt, it is not held then; std::logic_error if this green thread already
    // holds it to write, since that wait would never end; WrongThread. All of that holds for acquire_shared() too.
    bool acquire() { return take(Use::write, never); }
    [[nodiscard("it says whether the lock is held")]] bool acquire(Deadline deadline) {
        return take(Use::write, deadline);
    }

    // To read: waits until no writer holds it and none that came before waits.
    bool acquire_shared() { return take(Use::read, never); }
    [[nodiscard("it says whether the lock is held")]] bool acquire_shared(Deadline deadline) {
        return take(Use::read, deadline);
    }

    // Without waiting; a reader does not overtake those who wait. Throw: WrongThread.
    [[nodiscard]] bool try_lock() { return try_take(Use::write); }
    [[nodiscard]] bool try_lock_shared() { return try_take(Use::read); }

    // Give it to those who wait; never switch. Throw: std::logic_error if this green thread does not hold it to write,
    // or if nobody holds it to read; WrongThread.
    void unlock();
    void unlock_shared();

    // From writing to reading with no writer in between; readers that stand first come in too. Throws: as unlock().
    void downgrade();

    // The standard's names. Those with a limit return whether the lock is held; they yield and throw as acquire() does.
    void lock() { acquire(); }
    void lock_shared() { acquire_shared(); }
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_for(std::chrono::duration<Rep, Period> limit) {
        return acquire(limit);
    }
    template <class Unit>
    [[nodiscard]] bool try_lock_until(std::chrono::time_point<Deadline::Clock, Unit> limit) {
        return acquire(limit);
    }
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_shared_for(std::chrono::duration<Rep, Period> limit) {
        return acquire_shared(limit);
    }
    template <class Unit>
    [[nodiscard]] bool try_lock_shared_until(std::chrono::time_point<Deadline::Clock, Unit> limit) {
        return acquire_shared(limit);
    }

    // As it is now. Who reads is not known, only how many.
    bool locked() const noexcept { return writer_ != 0; }             // to write
    std::size_t readers() const noexcept { return readers_; }         // who hold it
    std::size_t waiting() const noexcept { return waiters_.size(); }  // of both kinds
    bool held_by_me() const;                                          // to write

    // For wait() and iwait(): ready when nobody holds it; does not take it.
    bool ready() const noexcept { return writer_ == 0 && readers_ == 0; }
    void observe(detail::Observer& observer) const { waiters_.observe(observer); }

private:
    // 1. The first of the line waits only while those who hold the lock keep it out, or until one that left the line
    //    before it has run.
    // 2. One that leaves the line with nothing refers to the RWLock only if its Stand counts: else the RWLock is gone.
    // 3. writer_ != 0 or readers_ != 0 from the moment that it is handed over, not from that when the waiter runs.
    enum class Use : bool { write, read };
    bool take(Use use, Deadline deadline);
    bool try_take(Use use);
    bool enter(Use use, std::uint64_t id) noexcept;
    void admit() noexcept;
    void release_write();
    static void take_back(void* self, void* slot) noexcept;

    std::uint64_t writer_ = 0;        // id of the green thread that holds it to write, or that it was handed to
    std::size_t readers_ = 0;         // 0 while there is a writer
    detail::Stands stands_;           // of those who wait
    std::uint64_t last_[2] = {0, 0};  // the id of the last taker, twice, for dumps; which one is a wait's slot says Use
    detail::WaitQueue waiters_{"an RWLock", {this, &RWLock::take_back}, detail::SlotUse::last_taker};
};

}  // namespace tendril
