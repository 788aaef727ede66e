// SPDX-License-Identifier: MIT
//
// The hooks for what ends a thread: pthread_exit(), the cleanup handlers of C code, cancellation.
//
// pthread_exit() unwinds the green thread's own stack, as the C library does: C++ destructors run, and cleanup
// handlers, up to the frame that called the thread's function. Those of C code that was compiled without exceptions lie
// in a list of jump buffers, of which each green thread has its own.

#include <pthread.h>
#include <setjmp.h>
#include <threads.h>
#include <unwind.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include <tendril/error.hpp>

#include "base/libc.hpp"
#include "base/report.hpp"
#include "patch/green.hpp"
#include "patch/green_pthread.hpp"
#include "patch/hooks.hpp"
#include "patch/parking_lot.hpp"
#include "patch/real_calls.hpp"
#include "patch/thread_exit.hpp"

namespace tendril::patch::detail {

namespace {

// What the C library's own code keeps in a buffer: the one outside it, and here also where its frame ends.
enum Slot { outer, frame };

__pthread_unwind_buf_t* innermost(GreenPthread& self) noexcept {
    return static_cast<__pthread_unwind_buf_t*>(self.cleanups);
}

// Called before each frame is left.
_Unwind_Reason_Code stop(int, _Unwind_Action actions, _Unwind_Exception_Class, _Unwind_Exception*,
                         _Unwind_Context* context, void* thread) {
    auto& self = *static_cast<GreenPthread*>(thread);
    if (__pthread_unwind_buf_t* buffer = innermost(self);
        buffer != nullptr && _Unwind_GetCFA(context) >= reinterpret_cast<std::uintptr_t>(buffer->__pad[frame])) {
        self.cleanups = buffer->__pad[outer];
        // A buffer begins as a jmp_buf does, without a mask.
        siglongjmp(*reinterpret_cast<sigjmp_buf*>(buffer), 1);
    }
    if ((actions & _UA_END_OF_STACK) != 0) {
        tendril::detail::report("pthread_exit() was called by code without tables for unwinding; build it with "
                                "-fasynchronous-unwind-tables");
        std::abort();
    }
    return _URC_NO_REASON;
}

void caught(_Unwind_Reason_Code, _Unwind_Exception*) {
    if (const GreenPthread* self = green_self_if_any(); self != nullptr && self->exits) {
        tendril::detail::report("a catch (...) has kept a pthread_exit(): it must throw again");
        std::abort();
    }
}

[[noreturn]] void unwind(GreenPthread& self) {
    self.exits = true;
    self.unwinding = {};
    self.unwinding.exception_cleanup = &caught;
    _Unwind_ForcedUnwind(&self.unwinding, &stop, &self);
    tendril::detail::report("pthread_exit() cannot unwind the stack");
    std::abort();
}

bool any_runs() noexcept {
    const KnownThreads known;
    return known.running() != 0;
}

bool (*leaves_suspended)() noexcept = nullptr;

// What interrupts a wait that nothing ends is ignored: it is the end already.
[[noreturn]] void stay() noexcept {
    tendril::detail::here::outlive_hub(true);
    if (GreenPthread* self = green_self_if_any(); self != nullptr && self->start != nullptr) {
        self->end_suspended();
    }
    tendril::detail::Fiber& fiber = tendril::detail::here::fiber();
    ++fiber.shields;
    for (;;) {
        tendril::detail::Waiter waiter("pthread_exit");
        if (waiter.wait_unthrown(never) == Outcome::interrupted) {
            tendril::detail::Scheduler::here().yield_unthrown();
        }
    }
}

void end(void* result) {
    if (leaves_suspended != nullptr && leaves_suspended() && may_park()) {
        stay();
    }
    if (GreenPthread* self = green_self_if_any(); self != nullptr && self->start != nullptr) {
        self->result = result;
        unwind(*self);
    }
    if (is_other_than_main()) {
        throw GreenletExit();  // one of tendril's own
    }
    if (!may_park()) {
        real.pthread_exit(result);
    }
    // The main thread's end lets the others run on; the last one's end is the program's.
    park_until(end_of_all(), Sought::completion, "pthread_exit", never, Patience::long_one(), Breaks::never,
               [] { return any_runs() ? EBUSY : 0; });
    std::exit(0);
}

void c11_end(int result) {
    end(reinterpret_cast<void*>(static_cast<std::intptr_t>(result)));
}

void register_cleanup(__pthread_unwind_buf_t* buffer) {
    GreenPthread* const self = green_self_if_any();
    if (self == nullptr) {
        real.__pthread_register_cancel(buffer);
        return;
    }
    buffer->__pad[outer] = self->cleanups;
    buffer->__pad[frame] = __builtin_dwarf_cfa();
    self->cleanups = buffer;
}

void unregister_cleanup(__pthread_unwind_buf_t* buffer) {
    if (GreenPthread* self = green_self_if_any(); self != nullptr) {
        self->cleanups = buffer->__pad[outer];
    } else {
        real.__pthread_unregister_cancel(buffer);
    }
}

void unwind_further(__pthread_unwind_buf_t* buffer) {
    GreenPthread* const self = green_self_if_any();
    if (self == nullptr) {
        real.__pthread_unwind_next(buffer);
        __builtin_unreachable();  // which the type of the pointer does not say to each compiler
    }
    unwind(*self);
}

// ---- Cancellation: of green threads it is refused.

int cancel(pthread_t thread) {
    {
        KnownThreads known;
        if (known.find(thread) != nullptr) {
            return ENOTSUP;
        }
    }
    return real.pthread_cancel(thread);
}

int exchange(int& kept, int wanted, int* before) noexcept {
    if (wanted != 0 && wanted != 1) {
        return EINVAL;
    }
    if (before != nullptr) {
        *before = kept;
    }
    kept = wanted;
    return 0;
}

int set_cancel_state(int state, int* before) {
    GreenPthread* const self = green_self();
    return self != nullptr ? exchange(self->cancel_state, state, before) : real.pthread_setcancelstate(state, before);
}

int set_cancel_type(int type, int* before) {
    GreenPthread* const self = green_self();
    return self != nullptr ? exchange(self->cancel_type, type, before) : real.pthread_setcanceltype(type, before);
}

void test_cancel() {
    if (!is_other_than_main()) {
        real.pthread_testcancel();
    }
}

}  // namespace

void leave_exiting_suspended(bool (*says_so)() noexcept) noexcept {
    leaves_suspended = says_so;
}

Hooks thread_exit_hooks() noexcept {
    static const Hook hooks[] = {
        {"pthread_exit", Class::threads, &end},
        {"thrd_exit", Class::threads, &c11_end},
        {"__pthread_register_cancel", Class::threads, &register_cleanup},
        {"__pthread_unregister_cancel", Class::threads, &unregister_cleanup},
        {"__pthread_unwind_next", Class::threads, &unwind_further},
        {"pthread_cancel", Class::threads, &cancel},
        {"pthread_setcancelstate", Class::threads, &set_cancel_state},
        {"pthread_setcanceltype", Class::threads, &set_cancel_type},
        {"pthread_testcancel", Class::threads, &test_cancel},
    };
    return hooks;
}

}  // namespace tendril::patch::detail
