// SPDX-License-Identifier: MIT
//
// The hooks for barriers, pthread_once and spin locks.
//
// All threads meet at a barrier here, OS threads too; the C library's own object counts nobody. One that processes
// share is the C library's, and blocks.

#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <unordered_map>

#include <tendril/detail/base/mutex.hpp>

#include "base/on_exit.hpp"
#include "patch/green.hpp"
#include "patch/hooks.hpp"
#include "patch/immortal.hpp"
#include "patch/parking_lot.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

namespace {

using tendril::detail::Mutex;
using tendril::detail::MutexLock;
using tendril::detail::OnExit;
using tendril::detail::Rank;

// The C library's struct pthread_barrier.
struct Barrier {
    unsigned in;
    unsigned round;
    unsigned count;
    int shared;
    unsigned out;
};
static_assert(sizeof(Barrier) <= sizeof(pthread_barrier_t));

// How many have arrived at each barrier and wait there.
struct Arrived {
    Mutex mutex{Rank::parking_lot};
    std::unordered_map<const void*, unsigned> at TENDRIL_GUARDED_BY(mutex);
};
Arrived& arrived() noexcept {
    static Immortal<Arrived> all;
    return all.get();
}

// Returns: whether the caller is the last, with whom the barrier opens. Throws: std::bad_alloc.
bool arrive(const void* barrier, unsigned count) {
    Arrived& all = arrived();
    const MutexLock lock(all.mutex);
    unsigned& n = all.at[barrier];
    if (++n < count) {
        return false;
    }
    all.at.erase(barrier);
    return true;
}

void turn_back(const void* barrier) noexcept {
    Arrived& all = arrived();
    const MutexLock lock(all.mutex);
    if (const auto found = all.at.find(barrier); found != all.at.end() && --found->second == 0) {
        all.at.erase(found);
    }
}

int barrier_wait(pthread_barrier_t* barrier) {
    const auto& own = *reinterpret_cast<const Barrier*>(barrier);
    if (own.shared != 0) {
        return real.pthread_barrier_wait(barrier);
    }
    Parked parked(barrier, Sought::barrier_opening, "pthread_barrier_wait");
    try {
        if (arrive(barrier, own.count)) {
            parked.leave();
            wake_all(barrier, Sought::barrier_opening);
            return PTHREAD_BARRIER_SERIAL_THREAD;
        }
    } catch (const std::bad_alloc&) {
        return ENOMEM;
    }
    const Outcome outcome = parked.wait(never);
    if (parked.leave() || outcome == Outcome::signalled) {
        return 0;
    }
    turn_back(barrier);
    return ECANCELED;
}

// ---- pthread_once

constexpr int in_progress = 1;
constexpr int done = 2;

int state_of(const pthread_once_t* once) noexcept {
    return __atomic_load_n(once, __ATOMIC_ACQUIRE);
}

// The green thread that finds it untouched runs it by the C library's own call, and others park until that returns.
// Throws what `run` throws; it was not run then.
int run_once(pthread_once_t* once, void (*run)()) {
    if ((state_of(once) & done) != 0) {
        return 0;
    }
    if (may_park() && (state_of(once) & in_progress) != 0) {
        const int result =
            park_until(once, Sought::completion, "pthread_once", never, Patience::short_one(), Breaks::never,
                       [once] { return (state_of(once) & (in_progress | done)) == in_progress ? EBUSY : 0; });
        if ((state_of(once) & done) != 0) {
            return result;
        }
    }
    const OnExit over([once] { wake_all(once, Sought::completion); });
    return real.pthread_once(once, run);
}

void c11_once(once_flag* once, void (*run)()) {
    static_assert(sizeof(once_flag) == sizeof(pthread_once_t));
    run_once(reinterpret_cast<pthread_once_t*>(once), run);
}

// ---- Spin locks

// The holder may be a green thread that waits.
int spin_lock(pthread_spinlock_t* lock) {
    if (!may_park()) {
        return real.pthread_spin_lock(lock);
    }
    spend();
    constexpr int turns = 100;
    for (int i = 0; i < turns; ++i) {
        if (const int result = real.pthread_spin_trylock(lock); result != EBUSY) {
            return result;
        }
        tendril::detail::Scheduler::here().yield_unthrown();
    }
    return park_until(const_cast<const int*>(lock), Sought::lock, "pthread_spin_lock", never, Patience::short_one(),
                      Breaks::never, [lock] { return real.pthread_spin_trylock(lock); });
}

int spin_unlock(pthread_spinlock_t* lock) {
    const int result = real.pthread_spin_unlock(lock);
    wake(const_cast<const int*>(lock), Sought::lock);
    return result;
}

}  // namespace

Hooks barrier_hooks() noexcept {
    static const Hook hooks[] = {
        {"pthread_barrier_wait", Class::sync, &barrier_wait},
        {"pthread_once", Class::sync, &run_once},
        {"call_once", Class::sync, &c11_once},
        {"pthread_spin_lock", Class::sync, &spin_lock},
        {"pthread_spin_unlock", Class::sync, &spin_unlock},
    };
    return hooks;
}

}  // namespace tendril::patch::detail
