// SPDX-License-Identifier: MIT
//
// The hooks that make, join and name threads: pthread_create() in a green thread makes a green thread.
//
// What ends a thread is in hooks_thread_exit; what else takes a pthread_t, in hooks_thread_takers.

#include <cxxabi.h>
#include <pthread.h>
#include <sched.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>
#include <new>
#include <stdexcept>

#include <tendril/detail/hub/spawn.hpp>

#include "base/libc.hpp"
#include "hub/here.hpp"
#include "patch/green.hpp"
#include "patch/green_pthread.hpp"
#include "patch/hooks.hpp"
#include "patch/parking_lot.hpp"
#include "patch/posix_clock.hpp"
#include "patch/real_calls.hpp"
#include "patch/thread_options.hpp"

namespace tendril::patch::detail {

namespace {

using tendril::detail::libc;

// The body of a green thread that pthread_create() made.
void live(GreenPthread* self) {
    self->begin();
    try {
        self->result = self->start(self->argument);
    } catch (abi::__forced_unwind&) {
        self->exits = false;  // pthread_exit() has unwound it up to here: a normal end
    }
}

// The body's Enter. C code relies on each thread that it made, so a kill does not keep one from its beginning: the
// interpreter's end, for example, waits for what a thread holds that has not begun.
void enter(void* closure, tendril::detail::Record* /*record*/, bool run) {
    tendril::detail::Fiber& fiber = tendril::detail::here::fiber();
    if (fiber.closure != closure) {
        return;  // there was no memory to start it
    }
    if (!run) {
        fiber.started = true;
        fiber.kill_error = nullptr;
        --fiber.shields;
        try {
            fiber.attend({.call = "pthread_create"});
        } catch (const GreenletExit&) {  // it was pending no longer than this
        }
    }
    live(*static_cast<GreenPthread**>(closure));
}

// Returns: 0, EAGAIN.
int spawn_pthread(GreenPthread* thread, std::size_t stack_size) noexcept {
    try {
        tendril::detail::NewFiber fiber(
            {sizeof(void*), tendril::detail::closure_alignment<GreenPthread*>, &enter, nullptr},
            SpawnOptions{.stack_size = stack_size, .where = {"pthread_create", "pthread_create", 1}});
        *static_cast<GreenPthread**>(fiber.closure_memory()) = thread;
        fiber.start(nullptr);
        return 0;
    } catch (const std::exception&) {
        return EAGAIN;
    }
}

int create(pthread_t* out, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
    if (!may_park()) {
        return libc.pthread_create(out, attributes, start, argument);
    }
    GreenPthread* thread = nullptr;
    try {
        thread = GreenPthread::make(start, argument);
    } catch (const std::bad_alloc&) {
        return EAGAIN;
    }
    const ThreadOptions options = thread_options(attributes);
    const GreenPthread* const creator = green_self_if_any();
    thread->joining = options.detached ? Joining::detached : Joining::joinable;
    thread->blocked = options.has_mask ? options.mask : creator != nullptr ? creator->blocked : mask_of_os_thread();
    *out = thread->handle();
    const int error = spawn_pthread(thread, options.stack_size);
    if (error != 0) {
        discard(*thread);
    }
    return error;
}

// C11's thread function returns an int.
struct C11Body {
    thrd_start_t start;
    void* argument;

    static void* run(void* body) {
        const C11Body own = *static_cast<C11Body*>(body);
        delete static_cast<C11Body*>(body);
        return reinterpret_cast<void*>(static_cast<std::intptr_t>(own.start(own.argument)));
    }
};

int c11_create(thrd_t* out, thrd_start_t start, void* argument) {
    if (!may_park()) {
        return real.thrd_create(out, start, argument);
    }
    auto* const body = new (std::nothrow) C11Body{start, argument};
    if (body == nullptr) {
        return thrd_nomem;
    }
    const int error = create(out, nullptr, &C11Body::run, body);
    if (error != 0) {
        delete body;
    }
    return error == 0 ? thrd_success : thrd_nomem;
}

pthread_t self() {
    // In a signal handler nothing may be allocated: it may have interrupted malloc.
    const GreenPthread* const thread = plain_here.signals != 0 ? green_self_if_any() : green_self();
    return thread != nullptr ? thread->handle() : libc.pthread_self();
}

// ---- join

// Claims it for the caller. Returns: 0; EINVAL, ESRCH (it is not one of ours), EDEADLK; EBUSY if it has not ended.
int claim(pthread_t thread, bool must_have_ended) noexcept {
    KnownThreads known;
    GreenPthread* const found = known.find(thread);
    if (found == nullptr) {
        return ESRCH;
    }
    if (found == green_self_if_any()) {
        return EDEADLK;
    }
    if (found->joining != Joining::joinable) {
        return EINVAL;
    }
    if (must_have_ended && !found->has_ended) {
        return EBUSY;
    }
    found->joining = Joining::being_joined;
    return 0;
}

// Requires: the caller has claimed it. Frees it if it has ended; else lets go of it.
bool finish(pthread_t thread, void** result) noexcept {
    KnownThreads known;
    GreenPthread* const found = known.find(thread);
    if (!found->has_ended) {
        found->joining = Joining::joinable;
        return false;
    }
    if (result != nullptr) {
        *result = found->result;
    }
    known.free(*found);
    return true;
}

bool has_ended(pthread_t thread) noexcept {
    KnownThreads known;
    const GreenPthread* const found = known.find(thread);
    return found == nullptr || found->has_ended;
}

// Whether it will never run again, as the hub has ended: in functions that run at the process's exit.
bool is_left_suspended(pthread_t thread) noexcept {
    KnownThreads known;
    const GreenPthread* const found = known.find(thread);
    return found != nullptr && !found->has_ended && tendril::detail::Scheduler::if_any() == nullptr &&
           pthread_equal(found->os_thread, libc.pthread_self()) != 0;
}

int join_green(pthread_t thread, void** result, Deadline deadline) noexcept {
    if (is_left_suspended(thread)) {
        return finish(thread, result) ? 0 : EDEADLK;
    }
    const int error = park_until(end_of(thread), Sought::completion, "pthread_join", deadline, Patience::long_one(),
                                 Breaks::interrupt, [thread] { return has_ended(thread) ? 0 : EBUSY; });
    return finish(thread, result) ? 0 : error;
}

// A thread of the C library's, which ends without a word: looks again and again.
int join_real(pthread_t thread, void** result, Deadline deadline) noexcept {
    return park_until(end_of(thread), Sought::completion, "pthread_join", deadline, Patience::short_one(),
                      Breaks::interrupt, [&] { return real.pthread_tryjoin_np(thread, result); });
}

int join(pthread_t thread, void** result) {
    const int error = claim(thread, false);
    if (error == ESRCH) {
        return may_park() ? join_real(thread, result, never) : libc.pthread_join(thread, result);
    }
    return error != 0 ? error : join_green(thread, result, never);
}

int c11_join(thrd_t thread, int* result) {
    void* value = nullptr;
    if (join(thread, &value) != 0) {
        return thrd_error;
    }
    if (result != nullptr) {
        *result = static_cast<int>(reinterpret_cast<std::intptr_t>(value));
    }
    return thrd_success;
}

int join_at_once(pthread_t thread, void** result) {
    if (looks_green()) {
        spend();
    }
    const int error = claim(thread, true);
    if (error == ESRCH) {
        return real.pthread_tryjoin_np(thread, result);
    }
    return error != 0 ? error : finish(thread, result) ? 0 : EBUSY;
}

int join_until(pthread_t thread, void** result, clockid_t clock, const timespec* until) {
    const int error = claim(thread, false);
    if (error != 0 && error != ESRCH) {
        return error;
    }
    if (error == ESRCH && !may_park()) {
        return real.pthread_clockjoin_np(thread, result, clock, until);
    }
    if (until != nullptr && (!known_clock(clock) || !valid_time(*until))) {
        if (error == 0) {
            finish(thread, nullptr);
        }
        return EINVAL;
    }
    const Deadline deadline = until != nullptr ? deadline_of(clock, *until) : never;
    return error == 0 ? join_green(thread, result, deadline) : join_real(thread, result, deadline);
}

int join_until_real_time(pthread_t thread, void** result, const timespec* until) {
    return join_until(thread, result, CLOCK_REALTIME, until);
}

int detach(pthread_t thread) {
    KnownThreads known;
    GreenPthread* const found = known.find(thread);
    if (found == nullptr) {
        return libc.pthread_detach(thread);
    }
    if (found->joining == Joining::detached) {
        return EINVAL;
    }
    if (found->has_ended) {
        known.free(*found);
    } else {
        found->joining = Joining::detached;
    }
    return 0;
}

int c11_detach(thrd_t thread) {
    return detach(thread) == 0 ? thrd_success : thrd_error;
}

int yield() {
    if (!may_park()) {
        return real.sched_yield();
    }
    auto& hub = tendril::detail::Scheduler::here();
    if (hub.ready.empty()) {
        real.sched_yield();  // another OS thread may do what is waited for
    }
    hub.yield_unthrown();
    return 0;
}

void c11_yield() {
    yield();
}

}  // namespace

Hooks thread_hooks() noexcept {
    static const Hook hooks[] = {
        {"pthread_create", Class::threads, &create},
        {"pthread_self", Class::threads, &self},
        {"thrd_current", Class::threads, &self},
        {"pthread_join", Class::threads, &join},
        {"pthread_tryjoin_np", Class::threads, &join_at_once},
        {"pthread_timedjoin_np", Class::threads, &join_until_real_time},
        {"pthread_clockjoin_np", Class::threads, &join_until},
        {"pthread_detach", Class::threads, &detach},
        {"thrd_create", Class::threads, &c11_create},
        {"thrd_join", Class::threads, &c11_join},
        {"thrd_detach", Class::threads, &c11_detach},
        {"sched_yield", Class::threads, &yield},
        {"pthread_yield", Class::threads, &yield},
        {"thrd_yield", Class::threads, &c11_yield},
    };
    return hooks;
}

}  // namespace tendril::patch::detail
