// SPDX-License-Identifier: MIT

#define Py_BUILD_CORE 1  // NOLINT(readability-identifier-naming): CPython reads it
#include "python/gil_wait.hpp"

#include "python/python.hpp"

#undef HAVE_STD_ATOMIC  // <stdatomic.h> is C's; the builtins are the same
#include <internal/pycore_runtime.h>

#include <atomic>

#include "base/thread_call.hpp"
#include "patch/held_hub.hpp"
#include "patch/mutex_owners.hpp"
#include "python/internals.hpp"

namespace tendril::python {

namespace {

std::atomic<bool> hub_is_held_up{false};

// The kernel's number of the OS thread that has the GIL, if that is another one; else 0. Requires: its mutex is held.
pid_t other_holder() noexcept {
    const auto& gil = _PyRuntime.ceval.gil;
    const auto* const holder = reinterpret_cast<PyThreadState*>(_Py_atomic_load_relaxed(&gil.last_holder));
    const auto id = gil_is_held() && holder != nullptr ? static_cast<pid_t>(holder->native_thread_id) : 0;
    return id != patch::detail::own_kernel_id() ? id : 0;
}

// Whether the holder will give the GIL up by itself: not if it has been in a system call for long. One that is ready
// and has no processor will.
bool gives_it_up(pid_t holder) noexcept {
    constexpr int enough = 50;  // of 5 ms: then the interpreter asks for the GIL again
    struct Seen {
        unsigned long switches = 0;  // of the GIL, from one to another
        int asked = 0;               // since the last one
        int waits = 0;               // of the holder, the last times
    };
    thread_local Seen seen;
    const unsigned long now = __atomic_load_n(&_PyRuntime.ceval.gil.switch_number, __ATOMIC_RELAXED);
    if (seen.switches != now) {
        seen = {now, 0, 0};
    }
    if (++seen.asked < enough) {
        return true;
    }
    const bool waits = detail::ThreadCall::of(holder).state == detail::ThreadCall::State::waits;
    seen.waits = waits ? seen.waits + 1 : 0;
    return seen.waits < enough;
}

}  // namespace

void hold_hub_up_for_gil(bool hold) noexcept {
    hub_is_held_up = hold;
}

bool holds_hub_up_for_gil(const void* address) noexcept {
    if (!hub_is_held_up.load(std::memory_order_relaxed) || is_finalizing()) {
        return false;
    }
    const auto& gil = _PyRuntime.ceval.gil;
    if (address == &gil.cond) {  // that it becomes free
        const pid_t holder = other_holder();
        return holder != 0 && gives_it_up(holder);
    }
    if (address == &gil.switch_cond) {  // that another takes what this one has just given up
        return !patch::detail::waits_in_range_here();
    }
    return true;  // a mutex: nobody waits for anything else while holding it
}

}  // namespace tendril::python
