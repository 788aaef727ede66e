// SPDX-License-Identifier: MIT
//
// Mutex: the only lock between OS threads in this library. Not for users.
//
// 1. Each has a rank. An OS thread that holds one takes only locks of higher rank, so no two can deadlock. Builds
//    without NDEBUG check this at every lock() and abort, naming both.
// 2. fork(), ours or the C library's, begins only when no OS thread holds any Mutex (docs/design/0009). So in the child
//    every Mutex is free, and what it guards is whole.
// 3. It is never held across a switch, a wait for something that needs another lock, or a call to user code, except the
//    moves of a SharedQueue's items. So a fork waits for instructions; only the blocking watch's may take
//    milliseconds, while it looks into a hub that is blocked.
// 4. What it guards says so by TENDRIL_GUARDED_BY, and Clang refuses an access without the lock.

#pragma once

#include <cstdint>
#include <mutex>

#include <tendril/detail/base/thread_safety.hpp>

namespace tendril::detail {

// Outermost first. The reason says what is taken while this one is held.
enum class Rank : std::uint8_t {
    team,            // of a server's hubs: sends to their mailboxes, makes Asyncs, which may make a hub
    thread_pool,     // sets a SharedEvent, starts OS threads
    orphans,         // reaps children
    shared,          // a Shared object: sends to the mailbox of the hub that it wakes
    chosen_backend,  // by the making of a hub; copies a string
    signals,         // by hubs; installs handlers
    blocking_watch,  // by hubs that come and go; starts the watching OS thread
    mailbox,         // by senders that hold any of the above; wakes a backend
    once,            // makes what the process has one of, on first use, whatever the caller holds
    at_fork,         // the list of what is mended in the child: joined by all that is made under the others
};

class TENDRIL_CAPABILITY("mutex") Mutex {
public:
    explicit constexpr Mutex(Rank rank) noexcept : rank_(rank) {}
    Mutex(const Mutex&) = delete;
    Mutex& operator=(const Mutex&) = delete;

    // Aborts, in builds without NDEBUG, when this OS thread holds a lock of equal or higher rank.
    void lock() noexcept TENDRIL_ACQUIRE();
    void unlock() noexcept TENDRIL_RELEASE();

private:
    std::mutex mutex_;
    const Rank rank_;
};

// Holds a Mutex while it lives; may let go of it meanwhile.
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
