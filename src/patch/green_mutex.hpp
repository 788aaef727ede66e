// SPDX-License-Identifier: MIT
//
// Mutexes of the C library, locked by green threads.
//
// The lock is the library's own, taken by its trylock, so OS threads may share it. But the library takes all green
// threads of one OS thread for one owner: so the green owners of recursive and error-checking mutexes are noted here,
// and the library's lock is then held once, whatever their count.

#pragma once

#include <pthread.h>

#include <ctime>

#include <tendril/deadline.hpp>

namespace tendril::patch::detail {

// As the functions of these names; for any caller. A wait for a lock is not broken off by a kill or a Timeout, for C
// code does not look at what pthread_mutex_lock returns; that of a call with a time is: ECANCELED.
int lock_mutex(pthread_mutex_t* mutex) noexcept;
int try_lock_mutex(pthread_mutex_t* mutex) noexcept;
int clock_lock_mutex(pthread_mutex_t* mutex, clockid_t clock, const timespec* until) noexcept;
int unlock_mutex(pthread_mutex_t* mutex) noexcept;

// unlock_mutex() without giving way to one that starves: for a caller that is about to wait.
int release_mutex(pthread_mutex_t* mutex) noexcept;
// lock_mutex() after a wait for a condition. Requires: may_park().
int relock_mutex(pthread_mutex_t* mutex) noexcept;

// Forgets what is noted of a mutex: at its beginning and its end.
void forget_mutex(const pthread_mutex_t* mutex) noexcept;

}  // namespace tendril::patch::detail
