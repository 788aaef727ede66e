// SPDX-License-Identifier: MIT
//
// The hooks for POSIX's semaphores, also named ones and those that processes share.

#include <semaphore.h>

#include <cerrno>

#include "patch/green.hpp"
#include "patch/hooks.hpp"
#include "patch/parking_lot.hpp"
#include "patch/posix_clock.hpp"
#include "patch/real_calls.hpp"
#include "patch/semaphore_wait.hpp"

namespace tendril::patch::detail {

namespace {

// Whether processes share it, by the C library's own note: its second word of 32 bits after the value of 64.
bool is_shared(const sem_t* semaphore) noexcept {
    static_assert(sizeof(sem_t) == 32, "the C library's struct new_sem of a 64-bit system");
    return __atomic_load_n(reinterpret_cast<const int*>(semaphore) + 2, __ATOMIC_RELAXED) != 0;
}

// Returns: 0, EBUSY, or the library's error.
int attempt(sem_t* semaphore) noexcept {
    if (real.sem_trywait(semaphore) == 0) {
        return 0;
    }
    return errno == EAGAIN ? EBUSY : errno;
}

int result_of(int error) noexcept {
    if (error == 0) {
        return 0;
    }
    errno = error;
    return -1;
}

// Requires: looks_green(), may_park().
int park_for(sem_t* semaphore, Deadline deadline, Breaks breaks) noexcept {
    const int before = errno;
    const Patience patience = is_shared(semaphore) ? Patience::short_one() : Patience::long_one();
    const int error = park_until(
        semaphore, Sought::permit, "sem_wait", deadline, patience, breaks, [semaphore] { return attempt(semaphore); },
        Asked::yes);
    errno = before;
    return result_of(error);
}

// Returns: 0 if it was taken at once.
int take_at_once(sem_t* semaphore) noexcept {
    spend();
    const int before = errno;
    const int error = attempt(semaphore);
    errno = before;
    return error;
}

// One that processes share is none of the interpreter's own locks, so its caller looks at the error.
Breaks breaks_of(const sem_t* semaphore) noexcept {
    return is_shared(semaphore) ? Breaks::all : Breaks::interrupt_or_signal;
}

int semaphore_wait(sem_t* semaphore) {
    if (!looks_green()) {
        return real.sem_wait(semaphore);
    }
    const int error = take_at_once(semaphore);
    if (error != EBUSY) {
        return result_of(error);
    }
    return may_park() ? park_for(semaphore, never, breaks_of(semaphore)) : real.sem_wait(semaphore);
}

int semaphore_clockwait(sem_t* semaphore, clockid_t clock, const timespec* until) {
    if (!looks_green()) {
        return real.sem_clockwait(semaphore, clock, until);
    }
    if (!known_clock(clock) || !valid_time(*until)) {
        return result_of(EINVAL);
    }
    const int error = take_at_once(semaphore);
    if (error != EBUSY) {
        return result_of(error);
    }
    return may_park() ? park_for(semaphore, deadline_of(clock, *until), breaks_of(semaphore))
                      : real.sem_clockwait(semaphore, clock, until);
}

int semaphore_timedwait(sem_t* semaphore, const timespec* until) {
    return looks_green() ? semaphore_clockwait(semaphore, CLOCK_REALTIME, until) : real.sem_timedwait(semaphore, until);
}

int semaphore_trywait(sem_t* semaphore) {
    if (looks_green()) {
        spend();  // a caller that tries until it succeeds lets others run
    }
    return real.sem_trywait(semaphore);
}

int semaphore_post(sem_t* semaphore) {
    const int result = real.sem_post(semaphore);
    if (result == 0) {
        if (plain_here.signals != 0) {
            wake_later(semaphore);  // POSIX allows it in the handler of a signal
        } else {
            wake(semaphore, Sought::permit);
        }
    }
    return result;
}

}  // namespace

int wait_for_semaphore(sem_t* semaphore, Deadline deadline) noexcept {
    return park_for(semaphore, deadline, Breaks::all) == 0 ? 0 : errno;
}

Hooks semaphore_hooks() noexcept {
    static const Hook hooks[] = {
        {"sem_wait", Class::sync, &semaphore_wait},           {"sem_trywait", Class::sync, &semaphore_trywait},
        {"sem_timedwait", Class::sync, &semaphore_timedwait}, {"sem_clockwait", Class::sync, &semaphore_clockwait},
        {"sem_post", Class::sync, &semaphore_post},
    };
    return hooks;
}

}  // namespace tendril::patch::detail
