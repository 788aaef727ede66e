// SPDX-License-Identifier: MIT
//
// The hooks for read-write locks. Readers that are woken wake the readers behind them.

#include <pthread.h>

#include <cerrno>

#include "patch/green.hpp"
#include "patch/hooks.hpp"
#include "patch/parking_lot.hpp"
#include "patch/posix_clock.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

namespace {

constexpr unsigned both = Sought::read_lock | Sought::write_lock;

using Try = int (*)(pthread_rwlock_t*);

Try plain_try(Sought sought) noexcept {
    return sought == Sought::read_lock ? real.pthread_rwlock_tryrdlock : real.pthread_rwlock_trywrlock;
}

Patience patience_for(const pthread_rwlock_t* lock) noexcept {
    return lock->__data.__shared != 0 ? Patience::short_one() : Patience::long_one();
}

bool prefers_writers(const pthread_rwlock_t* lock) noexcept {
    return lock->__data.__flags == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
}

int attempt_first(pthread_rwlock_t* lock, Sought sought) noexcept {
    if (sought == Sought::read_lock && prefers_writers(lock) && anyone_parked(lock, Sought::write_lock)) {
        return EBUSY;
    }
    return plain_try(sought)(lock);
}

int park_for(pthread_rwlock_t* lock, Sought sought, Deadline deadline, Breaks breaks) noexcept {
    const int result =
        park_until(lock, sought, sought == Sought::read_lock ? "pthread_rwlock_rdlock" : "pthread_rwlock_wrlock",
                   deadline, patience_for(lock), breaks, [lock, sought] { return plain_try(sought)(lock); });
    if ((result == 0 && sought == Sought::read_lock) || result == ETIMEDOUT || result == ECANCELED) {
        wake(lock, result == 0 ? unsigned{Sought::read_lock} : both);
    }
    return result;
}

int acquire(pthread_rwlock_t* lock, Sought sought) noexcept {
    const Try plain = sought == Sought::read_lock ? real.pthread_rwlock_rdlock : real.pthread_rwlock_wrlock;
    if (!looks_green()) {
        return plain(lock);
    }
    spend();
    const int result = attempt_first(lock, sought);
    if (result != EBUSY) {
        return result;
    }
    return may_park() ? park_for(lock, sought, never, Breaks::never) : plain(lock);
}

int acquire(pthread_rwlock_t* lock, Sought sought, clockid_t clock, const timespec* until) noexcept {
    const auto plain = sought == Sought::read_lock ? real.pthread_rwlock_clockrdlock : real.pthread_rwlock_clockwrlock;
    if (!looks_green()) {
        return plain(lock, clock, until);
    }
    if (!known_clock(clock) || !valid_time(*until)) {
        return EINVAL;
    }
    spend();
    const int result = attempt_first(lock, sought);
    if (result != EBUSY) {
        return result;
    }
    return may_park() ? park_for(lock, sought, deadline_of(clock, *until), Breaks::interrupt)
                      : plain(lock, clock, until);
}

int read(pthread_rwlock_t* lock) {
    return acquire(lock, Sought::read_lock);
}
int write(pthread_rwlock_t* lock) {
    return acquire(lock, Sought::write_lock);
}
int timed_read(pthread_rwlock_t* lock, const timespec* until) {
    return acquire(lock, Sought::read_lock, CLOCK_REALTIME, until);
}
int timed_write(pthread_rwlock_t* lock, const timespec* until) {
    return acquire(lock, Sought::write_lock, CLOCK_REALTIME, until);
}
int clock_read(pthread_rwlock_t* lock, clockid_t clock, const timespec* until) {
    return acquire(lock, Sought::read_lock, clock, until);
}
int clock_write(pthread_rwlock_t* lock, clockid_t clock, const timespec* until) {
    return acquire(lock, Sought::write_lock, clock, until);
}

int try_read(pthread_rwlock_t* lock) {
    if (looks_green()) {
        spend();
    }
    return real.pthread_rwlock_tryrdlock(lock);
}
int try_write(pthread_rwlock_t* lock) {
    if (looks_green()) {
        spend();
    }
    return real.pthread_rwlock_trywrlock(lock);
}

int unlock(pthread_rwlock_t* lock) {
    const int result = real.pthread_rwlock_unlock(lock);
    if (result == 0 && wake(lock, both).starves && may_park()) {
        tendril::detail::Scheduler::here().yield_unthrown();
    }
    return result;
}

}  // namespace

Hooks rwlock_hooks() noexcept {
    static const Hook hooks[] = {
        {"pthread_rwlock_rdlock", Class::sync, &read},
        {"pthread_rwlock_wrlock", Class::sync, &write},
        {"pthread_rwlock_tryrdlock", Class::sync, &try_read},
        {"pthread_rwlock_trywrlock", Class::sync, &try_write},
        {"pthread_rwlock_timedrdlock", Class::sync, &timed_read},
        {"pthread_rwlock_timedwrlock", Class::sync, &timed_write},
        {"pthread_rwlock_clockrdlock", Class::sync, &clock_read},
        {"pthread_rwlock_clockwrlock", Class::sync, &clock_write},
        {"pthread_rwlock_unlock", Class::sync, &unlock},
    };
    return hooks;
}

}  // namespace tendril::patch::detail
