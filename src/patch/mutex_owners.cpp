// SPDX-License-Identifier: MIT

#include "patch/mutex_owners.hpp"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <new>

#include "base/at_fork.hpp"
#include "base/libc.hpp"
#include "patch/immortal.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;
using tendril::detail::MutexLock;

MutexOwners& mutex_owners() noexcept {
    static Immortal<MutexOwners> owners;
    return owners.get();
}

int own_kernel_id() noexcept {
    thread_local int id = 0;
    thread_local std::uint64_t generation = 0;
    if (const std::uint64_t now = tendril::detail::fork_generation(); id == 0 || generation != now) {
        id = gettid();
        generation = now;
    }
    return id;
}

int MutexOwners::try_lock(pthread_mutex_t* mutex, std::uint64_t green_thread, bool own) noexcept {
    const MutexLock held(mutex_);
    if (const auto found = owners_.find(mutex); found != owners_.end()) {
        Owner& owner = found->second;
        if (__atomic_load_n(&mutex->__data.__lock, __ATOMIC_RELAXED) == 0) {
            owners_.erase(found);  // another mutex lay there, which was never unlocked
            --size_;
        } else if (owner.green_thread != green_thread || !own) {
            return EBUSY;
        } else if ((mutex->__data.__kind & 3) == PTHREAD_MUTEX_ERRORCHECK_NP) {
            return EDEADLK;
        } else if (owner.count == UINT_MAX) {
            return EAGAIN;
        } else {
            ++owner.count;
            return 0;
        }
    }
    const int result = real.pthread_mutex_trylock(mutex);
    if (result == 0 || result == EOWNERDEAD) {
        try {
            owners_.emplace(mutex, Owner{green_thread, 1});
            ++size_;
        } catch (const std::bad_alloc&) {
            libc.pthread_mutex_unlock(mutex);
            return EAGAIN;
        }
    }
    return result;
}

int MutexOwners::unlock(pthread_mutex_t* mutex, std::uint64_t green_thread) noexcept {
    const MutexLock held(mutex_);
    const auto found = owners_.find(mutex);
    if (found == owners_.end()) {
        return libc.pthread_mutex_unlock(mutex);
    }
    Owner& owner = found->second;
    if (owner.green_thread != green_thread) {
        return EPERM;
    }
    if (--owner.count != 0) {
        return still_locked;
    }
    owners_.erase(found);
    --size_;
    return libc.pthread_mutex_unlock(mutex);
}

void MutexOwners::forget(const pthread_mutex_t* mutex) noexcept {
    if (size_.load(std::memory_order_relaxed) != 0) {
        const MutexLock held(mutex_);
        size_ -= owners_.erase(mutex);
    }
}

}  // namespace tendril::patch::detail
