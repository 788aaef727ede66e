// SPDX-License-Identifier: MIT
//
// Mutex: the only lock between OS threads in this library. Not for users.
//
// 1. Each has a rank. An OS thread that holds one takes only locks of higher rank, so no two OS threads can deadlock.
//    Builds without NDEBUG check this at every lock() and abort, naming both locks.
// 2. fork(), ours or the C library's, begins only when no OS thread holds any Mutex (docs/design/0009). So in the child
//    every Mutex is free, and the data it guards are consistent.
// 3. It is never held across a switch, a wait for something that needs another lock, or a call to user code, except the
//    moves of a SharedQueue's items. So a fork waits only for a few instructions; only the blocking watch may hold its
//    Mutex for milliseconds, while it looks into a hub that is blocked.
// 4. Guarded members say so by TENDRIL_GUARDED_BY, and Clang refuses an access without the lock.

#pragma once

#include <atomic>
#include <cstdint>

#include <tendril/detail/base/thread_safety.hpp>

namespace tendril::detail {

// Outermost first. Each comment says what is taken, or done, while that lock is held.
enum class Rank : std::uint8_t {
    team,            // of a server's hubs: sends to their mailboxes, makes Asyncs, which may make a hub
    thread_pool,     // sets a SharedEvent, starts OS threads
    orphans,         // reaps children
    shared_out,      // the getters' side of a SharedQueue: takes the other side's, which is `shared`
    shared,          // a Shared object: sends to the mailbox of the hub that it wakes
    chosen_backend,  // taken while a hub is made; copies a string
    error_handler,   // taken by any report; copies a pointer
    signals,         // taken by hubs; installs handlers
    blocking_watch,  // taken by hubs that begin and end; starts the watching OS thread
    patches,         // of the floor patch and its hooks: taken by any hook; reads /proc/self/maps
    parking_lot,     // of the floor patch: sends to the mailbox of the hub that it wakes
    mailbox,         // taken by senders that hold any of the above; wakes a backend
    once,            // makes the process's single objects, on first use, whatever the caller holds
    at_fork,         // the list of repairs in the child: joined by objects made under any of the others
};

class TENDRIL_CAPABILITY("mutex") Mutex {
public:
    explicit constexpr Mutex(Rank rank) noexcept : rank_(rank) {}
    Mutex(const Mutex&) = delete;
    Mutex& operator=(const Mutex&) = delete;

    // Takes the lock; spins for a moment before it sleeps, because all sections are short. In builds without NDEBUG,
    // aborts if this OS thread holds a lock of equal or higher rank.
    void lock() noexcept TENDRIL_ACQUIRE();
    void unlock() noexcept TENDRIL_RELEASE();  // a full barrier

private:
    void lock_contended() noexcept;

    std::atomic<std::uint32_t> state_{0};  // 0 free; 1 held; 2 held, and perhaps an OS thread sleeps until it is free
    const Rank rank_;
};

// Holds a Mutex while it lives; may release it meanwhile.
class TENDRIL_SCOPED_CAPABILITY MutexLock {
public:
    explicit MutexLock(Mutex& mutex) noexcept TENDRIL_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;
    ~MutexLock() TENDRIL_RELEASE() {
        if (held_) {
            mutex_.unlock();
        }
    }

    void lock() noexcept TENDRIL_ACQUIRE() {
        mutex_.lock();
        held_ = true;
    }
    void unlock() noexcept TENDRIL_RELEASE() {
        held_ = false;
        mutex_.unlock();
    }
    Mutex& mutex() const noexcept { return mutex_; }

private:
    Mutex& mutex_;
    bool held_ = true;
};

}  // namespace tendril::detail
