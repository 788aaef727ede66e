// SPDX-License-Identifier: MIT
//
// PthreadCalls: the calls of POSIX threads that tests make twice: as the C library's own, by OS threads, and as the
// hooks, by green threads; and compared(), which plays a scene both ways.

#pragma once

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>

#include "patch/hooks.hpp"

// clang-format off
#define TENDRIL_PTHREAD_CALLS(each) \
    each(pthread_create) each(pthread_join) each(pthread_tryjoin_np) each(pthread_timedjoin_np) each(pthread_detach) \
    each(pthread_clockjoin_np) each(pthread_self) each(pthread_exit) each(pthread_kill) each(pthread_sigmask) \
    each(pthread_getattr_np) each(pthread_setname_np) each(pthread_getname_np) each(pthread_cancel) \
    each(pthread_mutex_init) each(pthread_mutex_destroy) each(pthread_mutex_lock) each(pthread_mutex_trylock) \
    each(pthread_mutex_timedlock) each(pthread_mutex_clocklock) each(pthread_mutex_unlock) \
    each(pthread_mutexattr_setrobust) \
    each(pthread_cond_wait) each(pthread_cond_timedwait) each(pthread_cond_clockwait) each(pthread_cond_signal) \
    each(pthread_cond_broadcast) \
    each(pthread_rwlock_rdlock) each(pthread_rwlock_wrlock) each(pthread_rwlock_tryrdlock) \
    each(pthread_rwlock_trywrlock) each(pthread_rwlock_timedrdlock) each(pthread_rwlock_timedwrlock) \
    each(pthread_rwlock_unlock) \
    each(pthread_barrier_wait) each(pthread_once) each(pthread_spin_lock) each(pthread_spin_unlock) \
    each(sem_wait) each(sem_trywait) each(sem_timedwait) each(sem_post) \
    each(pthread_key_create) each(pthread_key_delete) each(pthread_getspecific) each(pthread_setspecific) \
    each(sched_yield) each(usleep) each(syscall)
// clang-format on

namespace tendril::patch::detail {

struct PthreadCalls {
#define TENDRIL_MEMBER(name) decltype(&::name) name = &::name;
    TENDRIL_PTHREAD_CALLS(TENDRIL_MEMBER)
#undef TENDRIL_MEMBER
};

inline const PthreadCalls& plain_calls() {
    static const PthreadCalls calls;
    return calls;
}

inline const PthreadCalls& hooked_calls() {
    static const PthreadCalls calls = [] {
        PthreadCalls all;
#define TENDRIL_MEMBER(name)                                               \
    if (const Hook* hook = hook_for(#name); hook != nullptr) {             \
        all.name = reinterpret_cast<decltype(&::name)>(hook->replacement); \
    } else {                                                               \
        ADD_FAILURE() << "there is no hook for " #name;                    \
    }
        TENDRIL_PTHREAD_CALLS(TENDRIL_MEMBER)
#undef TENDRIL_MEMBER
        return all;
    }();
    return calls;
}

// A thread that runs a C++ function, made and joined by these calls.
class Thread {
public:
    template <class F>
    Thread(const PthreadCalls& calls, F body) : calls_(calls) {
        auto* const own = new F(std::move(body));
        const auto run = [](void* closure) -> void* {
            auto* const f = static_cast<F*>(closure);
            (*f)();
            delete f;
            return nullptr;
        };
        EXPECT_EQ(calls.pthread_create(&handle_, nullptr, run, own), 0);
    }
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;
    ~Thread() { join(); }
    void join() {
        if (!std::exchange(joined_, true)) {
            EXPECT_EQ(calls_.pthread_join(handle_, nullptr), 0);
        }
    }
    pthread_t handle() const { return handle_; }

private:
    const PthreadCalls& calls_;
    pthread_t handle_{};
    bool joined_ = false;
};

// Plays the scene with the C library's calls, in an OS thread, and with the hooks, in the running green thread.
// Requires: it returns the same text each time.
template <class Scene>
void compare(Scene scene) {
    std::string plain;
    std::thread([&] { plain = scene(plain_calls()); }).join();
    EXPECT_EQ(scene(hooked_calls()), plain);
}

inline std::string text(const char* what, int result) {
    return std::string(what) + '=' + std::to_string(result) + ' ';
}

template <class All>
void join(const All& all) {
    for (const auto& each : all) {
        each.join();
    }
}

inline timespec in(clockid_t clock, long milliseconds) {
    timespec time{};
    clock_gettime(clock, &time);
    const long ns = time.tv_nsec + milliseconds * 1'000'000;
    time.tv_sec += ns / 1'000'000'000;
    time.tv_nsec = ns % 1'000'000'000;
    return time;
}

}  // namespace tendril::patch::detail
