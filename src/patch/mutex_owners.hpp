// SPDX-License-Identifier: MIT
//
// MutexOwners: which green threads hold recursive and error-checking mutexes, and how often. One per process.
//
// 1. A mutex that is noted here is locked once in the C library's eyes, by the OS thread of its owner.
// 2. One that is not noted and yet locked belongs to an OS thread, or was locked before the code was patched.

#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <unordered_map>

#include <tendril/detail/base/mutex.hpp>

namespace tendril::patch::detail {

class MutexOwners {
public:
    static constexpr int still_locked = -1;

    // Returns: 0; EBUSY if it is another's; for one that is the caller's own: EDEADLK, or EAGAIN after too many; what
    // the C library says. `own`: it may be the caller's own.
    int try_lock(pthread_mutex_t* mutex, std::uint64_t green_thread, bool own) noexcept;

    // Returns: 0 if it is free now, still_locked, EPERM, what the C library says.
    int unlock(pthread_mutex_t* mutex, std::uint64_t green_thread) noexcept;

    void forget(const pthread_mutex_t* mutex) noexcept;

private:
    struct Owner {
        std::uint64_t green_thread;
        unsigned count;
    };

    tendril::detail::Mutex mutex_{tendril::detail::Rank::parking_lot};
    std::unordered_map<const pthread_mutex_t*, Owner> owners_ TENDRIL_GUARDED_BY(mutex_);
    std::atomic<std::size_t> size_{0};  // of owners_
};

MutexOwners& mutex_owners() noexcept;

// Returns the number by which the C library knows the calling OS thread as an owner.
int own_kernel_id() noexcept;

}  // namespace tendril::patch::detail
