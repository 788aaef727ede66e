// SPDX-License-Identifier: MIT
//
// The hooks for condition variables, POSIX's and C11's.
//
// Green threads wait for a condition in the parking lot alone; OS threads, in the C library's object. A signal goes to
// both, for it may wake more than one. Now and then a green thread wakes without a signal, as POSIX allows, in case
// another process, or code that is not patched, has given one.

#include <pthread.h>
#include <threads.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "patch/green.hpp"
#include "patch/green_mutex.hpp"
#include "patch/held_hub.hpp"
#include "patch/hooks.hpp"
#include "patch/parking_lot.hpp"
#include "patch/posix_clock.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

namespace {

// Bits of the C library's word that counts the waiters.
constexpr unsigned process_shared = 1;
constexpr unsigned monotonic = 2;

thread_local unsigned waiting_in_range [[gnu::tls_model("initial-exec")]] = 0;

unsigned flags_of(const pthread_cond_t* condition) noexcept {
    return __atomic_load_n(&condition->__data.__wrefs, __ATOMIC_RELAXED);
}

// Requires: may_park(). Returns: 0, ETIMEDOUT, ECANCELED, or why the mutex could not be unlocked; it is locked in any
// case.
int park_for_signal(pthread_cond_t* condition, pthread_mutex_t* mutex, Deadline deadline) noexcept {
    constexpr std::int64_t unsignalled_ns = 2'000'000'000;
    constexpr std::int64_t shared_ns = 5'000'000;
    const bool shared = (flags_of(condition) & process_shared) != 0;
    const Deadline look =
        Deadline::after(Deadline::now_ns(), Duration(std::chrono::nanoseconds(shared ? shared_ns : unsignalled_ns)));
    Parked parked(condition, Sought::signal_of_condition, "pthread_cond_wait", ~0U, Asked::yes);
    if (const int error = release_mutex(mutex); error != 0) {
        if (parked.leave()) {
            wake(condition, Sought::signal_of_condition);
        }
        return error;
    }
    const Outcome outcome = parked.wait(std::min(deadline, look));
    const bool signalled = parked.leave();
    if (const int error = relock_mutex(mutex); error != 0) {
        return error;
    }
    if (signalled) {
        return 0;
    }
    if (outcome == Outcome::interrupted) {
        return ECANCELED;
    }
    return deadline <= look ? ETIMEDOUT : 0;
}

// The same while the hub stands still; not for longer than longest_hold_ns.
int hold_hub_up(pthread_cond_t* condition, pthread_mutex_t* mutex, Deadline deadline) noexcept {
    const std::int64_t left = deadline.is_never() ? longest_hold_ns : deadline.remaining().count();
    const timespec until = end_of_hold(std::clamp<std::int64_t>(left, 0, longest_hold_ns));
    const int result = real.pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, &until);
    return result == ETIMEDOUT && left > longest_hold_ns ? 0 : result;
}

int wait_for_condition(pthread_cond_t* condition, pthread_mutex_t* mutex, Deadline deadline) noexcept {
    if (holds_hub_up(condition)) {
        return hold_hub_up(condition, mutex, deadline);
    }
    const unsigned one = is_never_broken(condition) ? 1 : 0;
    waiting_in_range += one;
    const int result = park_for_signal(condition, mutex, deadline);
    waiting_in_range -= one;
    return result;
}

int condition_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
    return may_park() ? wait_for_condition(condition, mutex, never) : real.pthread_cond_wait(condition, mutex);
}

int condition_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until) {
    if (!may_park()) {
        return real.pthread_cond_clockwait(condition, mutex, clock, until);
    }
    if (!known_clock(clock) || !valid_time(*until)) {
        return EINVAL;
    }
    return wait_for_condition(condition, mutex, deadline_of(clock, *until));
}

int condition_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* until) {
    if (!may_park()) {
        return real.pthread_cond_timedwait(condition, mutex, until);
    }
    const clockid_t clock = (flags_of(condition) & monotonic) != 0 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
    return condition_clockwait(condition, mutex, clock, until);
}

int condition_signal(pthread_cond_t* condition) {
    const int result = real.pthread_cond_signal(condition);
    wake(condition, Sought::signal_of_condition);
    return result;
}

int condition_broadcast(pthread_cond_t* condition) {
    const int result = real.pthread_cond_broadcast(condition);
    wake_all(condition, Sought::signal_of_condition);
    return result;
}

// C11's are the same objects, with results of their own.

pthread_cond_t* posix(cnd_t* condition) noexcept {
    static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t));
    return reinterpret_cast<pthread_cond_t*>(condition);
}

pthread_mutex_t* posix(mtx_t* mutex) noexcept {
    return reinterpret_cast<pthread_mutex_t*>(mutex);
}

int c11_result(int error) noexcept {
    return error == 0 ? thrd_success : error == ETIMEDOUT ? thrd_timedout : thrd_error;
}

int c11_wait(cnd_t* condition, mtx_t* mutex) {
    return c11_result(condition_wait(posix(condition), posix(mutex)));
}

int c11_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
    return c11_result(condition_clockwait(posix(condition), posix(mutex), CLOCK_REALTIME, until));
}

int c11_signal(cnd_t* condition) {
    return c11_result(condition_signal(posix(condition)));
}

int c11_broadcast(cnd_t* condition) {
    return c11_result(condition_broadcast(posix(condition)));
}

}  // namespace

bool waits_in_range_here() noexcept {
    return waiting_in_range != 0;
}

Hooks condition_hooks() noexcept {
    static const Hook hooks[] = {
        {"pthread_cond_wait", Class::sync, &condition_wait},
        {"pthread_cond_timedwait", Class::sync, &condition_timedwait},
        {"pthread_cond_clockwait", Class::sync, &condition_clockwait},
        {"pthread_cond_signal", Class::sync, &condition_signal},
        {"pthread_cond_broadcast", Class::sync, &condition_broadcast},
        {"cnd_wait", Class::sync, &c11_wait},
        {"cnd_timedwait", Class::sync, &c11_timedwait},
        {"cnd_signal", Class::sync, &c11_signal},
        {"cnd_broadcast", Class::sync, &c11_broadcast},
    };
    return hooks;
}

}  // namespace tendril::patch::detail
