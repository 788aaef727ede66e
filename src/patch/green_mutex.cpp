// SPDX-License-Identifier: MIT

#include "patch/green_mutex.hpp"

#include <cerrno>
#include <cstdint>

#include "base/libc.hpp"
#include "patch/green.hpp"
#include "patch/held_hub.hpp"
#include "patch/mutex_owners.hpp"
#include "patch/parking_lot.hpp"
#include "patch/posix_clock.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;

namespace {

int kind_of(const pthread_mutex_t* mutex) noexcept {
    return __atomic_load_n(&mutex->__data.__kind, __ATOMIC_RELAXED) & 3;
}

bool is_shared(const pthread_mutex_t* mutex) noexcept {
    constexpr int process_shared = 128;
    return (__atomic_load_n(&mutex->__data.__kind, __ATOMIC_RELAXED) & process_shared) != 0;
}

bool inherits_priority(const pthread_mutex_t* mutex) noexcept {
    constexpr int inherits = 32;
    return (__atomic_load_n(&mutex->__data.__kind, __ATOMIC_RELAXED) & inherits) != 0;
}

bool has_owners(const pthread_mutex_t* mutex) noexcept {
    const int kind = kind_of(mutex);
    return kind == PTHREAD_MUTEX_RECURSIVE_NP || kind == PTHREAD_MUTEX_ERRORCHECK_NP;
}

// The green thread that runs, also in a signal handler; 0: none.
std::uint64_t caller() noexcept {
    const auto* hub = tendril::detail::Scheduler::if_any();
    return hub != nullptr ? hub->current->id : 0;
}

// Returns: EBUSY if it is another's, and what the library says.
int attempt(pthread_mutex_t* mutex, bool again) noexcept {
    if (const std::uint64_t me = caller(); me != 0 && has_owners(mutex)) {
        return mutex_owners().try_lock(mutex, me, again);
    }
    return real.pthread_mutex_trylock(mutex);
}

Patience patience_for(const pthread_mutex_t* mutex) noexcept {
    // One that an OS thread holds may be unlocked by code that no hook sees.
    const int owner = __atomic_load_n(&mutex->__data.__owner, __ATOMIC_RELAXED);
    return is_shared(mutex) || (owner != 0 && owner != own_kernel_id()) ? Patience::short_one() : Patience::long_one();
}

// Returns: 0; EBUSY: the caller is to park.
int lock_holding_hub_up(pthread_mutex_t* mutex) noexcept {
    constexpr int most = 10;  // the one that has it may have no processor for long
    for (int i = 0; i < most && holds_hub_up(mutex); ++i) {
        const timespec until = end_of_hold(longest_hold_ns);
        if (real.pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until) == 0) {
            return 0;
        }
    }
    return EBUSY;
}

int park_for(pthread_mutex_t* mutex, Deadline deadline, Breaks breaks) noexcept {
    if (lock_holding_hub_up(mutex) == 0) {
        return 0;
    }
    return park_until(mutex, Sought::lock, "pthread_mutex_lock", deadline, patience_for(mutex), breaks,
                      [mutex] { return attempt(mutex, false); });
}

}  // namespace

int relock_mutex(pthread_mutex_t* mutex) noexcept {
    const int result = attempt(mutex, true);
    return result == EBUSY ? park_for(mutex, never, Breaks::never) : result;
}

int lock_mutex(pthread_mutex_t* mutex) noexcept {
    if (!looks_green()) {
        return libc.pthread_mutex_lock(mutex);
    }
    before_lock(mutex);
    const int result = attempt(mutex, true);
    if (result != EBUSY) {
        return result;
    }
    return may_park() ? park_for(mutex, never, Breaks::never) : libc.pthread_mutex_lock(mutex);
}

int try_lock_mutex(pthread_mutex_t* mutex) noexcept {
    if (looks_green()) {
        spend();  // a caller that tries until it succeeds lets others run
    }
    const int result = attempt(mutex, true);
    return result == EDEADLK && !inherits_priority(mutex) ? EBUSY : result;  // as the library has it
}

int clock_lock_mutex(pthread_mutex_t* mutex, clockid_t clock, const timespec* until) noexcept {
    if (!looks_green()) {
        return real.pthread_mutex_clocklock(mutex, clock, until);
    }
    if (!known_clock(clock)) {
        return EINVAL;
    }
    spend();
    const int result = attempt(mutex, true);
    if (result != EBUSY) {
        return result;
    }
    if (!may_park()) {
        return real.pthread_mutex_clocklock(mutex, clock, until);
    }
    return valid_time(*until) ? park_for(mutex, deadline_of(clock, *until), Breaks::interrupt) : EINVAL;
}

namespace {

int unlock(pthread_mutex_t* mutex, bool gives_way) noexcept {
    int result = 0;
    if (const std::uint64_t me = caller(); me != 0 && has_owners(mutex)) {
        result = mutex_owners().unlock(mutex, me);
        if (result == MutexOwners::still_locked) {
            return 0;
        }
    } else {
        result = libc.pthread_mutex_unlock(mutex);
    }
    if (result != 0) {
        return result;
    }
    // The mutex may be gone by now: only its address is used.
    if (wake(mutex, Sought::lock).starves && gives_way && may_park()) {
        tendril::detail::Scheduler::here().yield_unthrown();
    }
    return 0;
}

}  // namespace

int unlock_mutex(pthread_mutex_t* mutex) noexcept {
    return unlock(mutex, true);
}

int release_mutex(pthread_mutex_t* mutex) noexcept {
    return unlock(mutex, false);
}

void forget_mutex(const pthread_mutex_t* mutex) noexcept {
    mutex_owners().forget(mutex);
}

}  // namespace tendril::patch::detail
