// SPDX-License-Identifier: MIT
//
// The hooks for mutexes, POSIX's and C11's; what they do is in green_mutex.

#include <threads.h>

#include <cerrno>

#include "base/libc.hpp"
#include "patch/green.hpp"
#include "patch/green_mutex.hpp"
#include "patch/hooks.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

namespace {

int mutex_init(pthread_mutex_t* mutex, const pthread_mutexattr_t* attributes) {
    forget_mutex(mutex);
    return real.pthread_mutex_init(mutex, attributes);
}

int mutex_destroy(pthread_mutex_t* mutex) {
    const int result = real.pthread_mutex_destroy(mutex);
    if (result == 0) {
        forget_mutex(mutex);
    }
    return result;
}

int mutex_timedlock(pthread_mutex_t* mutex, const timespec* until) {
    return looks_green() ? clock_lock_mutex(mutex, CLOCK_REALTIME, until) : real.pthread_mutex_timedlock(mutex, until);
}

// A robust mutex is given on by the kernel when an OS thread ends, which the end of a green thread is not.
int mutexattr_setrobust(pthread_mutexattr_t* attributes, int robustness) {
    if (robustness == PTHREAD_MUTEX_ROBUST && looks_green()) {
        return ENOTSUP;
    }
    return real.pthread_mutexattr_setrobust(attributes, robustness);
}

// C11's are the same objects, with results of their own.

pthread_mutex_t* posix(mtx_t* mutex) noexcept {
    static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t));
    return reinterpret_cast<pthread_mutex_t*>(mutex);
}

int c11_result(int error) noexcept {
    switch (error) {
    case 0:
        return thrd_success;
    case EBUSY:
        return thrd_busy;
    case ETIMEDOUT:
        return thrd_timedout;
    case ENOMEM:
        return thrd_nomem;
    default:
        return thrd_error;
    }
}

int c11_init(mtx_t* mutex, int type) {
    forget_mutex(posix(mutex));
    return real.mtx_init(mutex, type);
}

void c11_destroy(mtx_t* mutex) {
    real.mtx_destroy(mutex);
    forget_mutex(posix(mutex));
}

int c11_lock(mtx_t* mutex) {
    return c11_result(lock_mutex(posix(mutex)));
}

int c11_timedlock(mtx_t* mutex, const timespec* until) {
    return c11_result(mutex_timedlock(posix(mutex), until));
}

int c11_trylock(mtx_t* mutex) {
    return c11_result(try_lock_mutex(posix(mutex)));
}

int c11_unlock(mtx_t* mutex) {
    return c11_result(unlock_mutex(posix(mutex)));
}

}  // namespace

Hooks mutex_hooks() noexcept {
    static const Hook hooks[] = {
        {"pthread_mutex_init", Class::sync, &mutex_init},
        {"pthread_mutex_destroy", Class::sync, &mutex_destroy},
        {"pthread_mutex_lock", Class::sync, &lock_mutex},
        {"pthread_mutex_trylock", Class::sync, &try_lock_mutex},
        {"pthread_mutex_timedlock", Class::sync, &mutex_timedlock},
        {"pthread_mutex_clocklock", Class::sync, &clock_lock_mutex},
        {"pthread_mutex_unlock", Class::sync, &unlock_mutex},
        {"pthread_mutexattr_setrobust", Class::sync, &mutexattr_setrobust},
        {"mtx_init", Class::sync, &c11_init},
        {"mtx_destroy", Class::sync, &c11_destroy},
        {"mtx_lock", Class::sync, &c11_lock},
        {"mtx_timedlock", Class::sync, &c11_timedlock},
        {"mtx_trylock", Class::sync, &c11_trylock},
        {"mtx_unlock", Class::sync, &c11_unlock},
    };
    return hooks;
}

}  // namespace tendril::patch::detail
