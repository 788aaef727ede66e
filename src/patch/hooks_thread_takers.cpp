// SPDX-License-Identifier: MIT
//
// The hooks for what else takes a pthread_t, and for the masks of signals, of which each green thread has its own.
//
// A signal for a green thread runs its handler in the OS thread, at once, whichever green thread runs there. One that
// the target blocks is held back until it unblocks it. Masks say nothing of signals for the process: those come as the
// main green thread's mask says, which is the OS thread's own.

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/libc.hpp"
#include "patch/green.hpp"
#include "patch/green_pthread.hpp"
#include "patch/hooks.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

namespace {

using tendril::detail::libc;

// Returns the thread of the C library that a thread runs in.
pthread_t under(pthread_t thread) noexcept {
    KnownThreads known;
    const GreenPthread* const found = known.find(thread);
    return found == nullptr ? thread : found->has_begun ? found->os_thread : libc.pthread_self();
}

bool is_green(pthread_t thread) noexcept {
    KnownThreads known;
    return known.find(thread) != nullptr;
}

// ---- Signals

// Sends it to the OS thread of the thread, or holds it back.
int send(pthread_t thread, int signal, const sigval* value) noexcept {
    pthread_t target = thread;
    {
        KnownThreads known;
        if (GreenPthread* const found = known.find(thread); found != nullptr) {
            if (signal < 0 || signal >= NSIG) {
                return EINVAL;
            }
            if (found->has_ended) {
                return ESRCH;
            }
            if (signal == 0) {
                return 0;
            }
            if (sigismember(&found->blocked, signal) == 1) {
                sigaddset(&found->held_back, signal);
                return 0;
            }
            target = found->has_begun ? found->os_thread : libc.pthread_self();
            if (found->has_begun && pthread_equal(target, libc.pthread_self()) != 0) {
                expect_signal_for(found->id);
            }
        }
    }
    const int error =
        value != nullptr ? real.pthread_sigqueue(target, signal, *value) : libc.pthread_kill(target, signal);
    expect_no_signal();
    return error;
}

int kill(pthread_t thread, int signal) {
    return send(thread, signal, nullptr);
}

int queue(pthread_t thread, int signal, const sigval value) {
    return send(thread, signal, &value);
}

int apply(sigset_t& mask, int how, const sigset_t& change) noexcept {
    switch (how) {
    case SIG_BLOCK:
        sigorset(&mask, &mask, &change);
        return 0;
    case SIG_UNBLOCK:
        for (int signal = 1; signal < NSIG; ++signal) {
            if (sigismember(&change, signal) == 1) {
                sigdelset(&mask, signal);
            }
        }
        return 0;
    case SIG_SETMASK:
        mask = change;
        return 0;
    default:
        return EINVAL;
    }
}

// Lets those come that were held back and are not blocked any more.
void let_come(GreenPthread& self) noexcept {
    for (int signal = 1; signal < NSIG; ++signal) {
        bool comes = false;
        {
            const KnownThreads known;
            comes = sigismember(&self.held_back, signal) == 1 && sigismember(&self.blocked, signal) != 1;
            if (comes) {
                sigdelset(&self.held_back, signal);
            }
        }
        if (comes) {
            libc.pthread_kill(libc.pthread_self(), signal);
        }
    }
}

// Requires: self is the caller's own. Returns: an error number.
int change_mask(GreenPthread& self, int how, const sigset_t* change, sigset_t* before) noexcept {
    sigset_t mask;
    {
        const KnownThreads known;
        mask = self.blocked;
        if (before != nullptr) {
            *before = mask;
        }
        if (change == nullptr) {
            return 0;
        }
        if (const int error = apply(mask, how, *change); error != 0) {
            return error;
        }
        sigdelset(&mask, SIGKILL);
        sigdelset(&mask, SIGSTOP);
        self.blocked = mask;
    }
    let_come(self);
    return 0;
}

int set_mask(int how, const sigset_t* change, sigset_t* before) {
    GreenPthread* const self = green_self_if_any();
    return self != nullptr && self->start != nullptr ? change_mask(*self, how, change, before)
                                                     : libc.pthread_sigmask(how, change, before);
}

int set_process_mask(int how, const sigset_t* change, sigset_t* before) {
    const int error = set_mask(how, change, before);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return 0;
}

// ---- Names and attributes

int set_name(pthread_t thread, const char* name) {
    {
        KnownThreads known;
        if (GreenPthread* const found = known.find(thread); found != nullptr) {
            const std::size_t length = std::strlen(name);
            if (length >= found->name.size()) {
                return ERANGE;
            }
            std::copy_n(name, length + 1, found->name.data());
            return 0;
        }
    }
    return libc.pthread_setname_np(thread, name);
}

int get_name(pthread_t thread, char* out, std::size_t size) {
    {
        KnownThreads known;
        if (const GreenPthread* const found = known.find(thread); found != nullptr && found->name[0] != 0) {
            const std::size_t length = std::strlen(found->name.data());
            if (size < found->name.size()) {
                return ERANGE;
            }
            std::copy_n(found->name.data(), length + 1, out);
            return 0;
        }
    }
    return real.pthread_getname_np(under(thread), out, size);
}

int get_attributes(pthread_t thread, pthread_attr_t* out) {
    tendril::detail::StackBounds stack;
    bool detached = false;
    {
        KnownThreads known;
        if (const GreenPthread* const found = known.find(thread); found != nullptr) {
            stack = found->stack;
            detached = found->joining == Joining::detached;
        }
    }
    if (!is_green(thread)) {
        return libc.pthread_getattr_np(thread, out);
    }
    if (const int error = pthread_attr_init(out); error != 0) {
        return error;
    }
    pthread_attr_setdetachstate(out, detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE);
    if (stack.size != 0) {  // else it has not begun
        pthread_attr_setstack(out, const_cast<void*>(stack.bottom), stack.size);
    }
    return 0;
}

int get_clock(pthread_t thread, clockid_t* out) {
    return libc.pthread_getcpuclockid(under(thread), out);
}

// ---- Scheduling: that of the OS thread is told, and not changed.

int get_scheduling(pthread_t thread, int* policy, sched_param* out) {
    return real.pthread_getschedparam(under(thread), policy, out);
}
int set_scheduling(pthread_t thread, int policy, const sched_param* wanted) {
    return is_green(thread) ? 0 : real.pthread_setschedparam(thread, policy, wanted);
}
int set_priority(pthread_t thread, int priority) {
    return is_green(thread) ? 0 : real.pthread_setschedprio(thread, priority);
}
int get_affinity(pthread_t thread, std::size_t size, cpu_set_t* out) {
    return real.pthread_getaffinity_np(under(thread), size, out);
}
int set_affinity(pthread_t thread, std::size_t size, const cpu_set_t* wanted) {
    return is_green(thread) ? 0 : real.pthread_setaffinity_np(thread, size, wanted);
}

}  // namespace

Hooks thread_taker_hooks() noexcept {
    static const Hook hooks[] = {
        {"pthread_kill", Class::threads, &kill},
        {"pthread_sigqueue", Class::threads, &queue},
        {"pthread_sigmask", Class::threads, &set_mask},
        {"sigprocmask", Class::threads, &set_process_mask},
        {"pthread_setname_np", Class::threads, &set_name},
        {"pthread_getname_np", Class::threads, &get_name},
        {"pthread_getattr_np", Class::threads, &get_attributes},
        {"pthread_getcpuclockid", Class::threads, &get_clock},
        {"pthread_getschedparam", Class::threads, &get_scheduling},
        {"pthread_setschedparam", Class::threads, &set_scheduling},
        {"pthread_setschedprio", Class::threads, &set_priority},
        {"pthread_getaffinity_np", Class::threads, &get_affinity},
        {"pthread_setaffinity_np", Class::threads, &set_affinity},
    };
    return hooks;
}

}  // namespace tendril::patch::detail
