// SPDX-License-Identifier: MIT
//
// State: a green thread as the interpreter sees it: a PyThreadState of its own, so that frames, exceptions, context
// variables, recursion and tracing are the interpreter's, per thread. Those of our own green threads come from a pool.
//
// The GIL. Until patch() it stays with the hub's OS thread from switch to switch: leave() does nothing, return_to()
// only makes the PyThreadState the current one, and the hub gives the GIL up while it sleeps (here::around_sleep).
// After patch(), threads of Python are green threads too, which wait for the GIL by patched calls: then leave() gives
// it up, and return_to() takes it.

#pragma once

#include "python/python.hpp"

#include <cstddef>
#include <cstdint>

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {
struct Fiber;
}  // namespace tendril::detail

namespace tendril::python {

struct GreenletObject;
struct RawObject;
struct Awaiting;  // awaiting.hpp
struct InState;   // alarm.hpp

// Of a new green thread's stack. The interpreter counts calls of Python and of C alike, and by its usual limit of
// 1,000 they take 2.6 MiB at most (sorted() in an __eq__ in a sorted()); with a raised limit it is what an OS thread
// has. Of many green threads at once, the later ones have small stacks: each of these costs page tables of 2 KiB less.
// threading.stack_size() overrides all that. Without the GIL, what is usual.
std::size_t stack_size() noexcept;

struct State {
    static constexpr const char* key = "tendril._tendril.State";  // of the one of a thread not ours, in its values

    PyThreadState* thread = nullptr;
    GreenletObject* greenlet = nullptr;  // a strong reference; nullptr: not asked for yet (of a thread not ours)
    RawObject* raw = nullptr;            // see raw_greenlet.hpp: a strong reference if it is a root
    detail::List<InState> alarms;        // armed for this green thread
    detail::Fiber* fiber = nullptr;      // of a Greenlet that was spawned, once it has waited
    Awaiting* awaiting = nullptr;        // while it waits for what only a reference can reach
    std::uint64_t os_thread = 0;         // its serial number, unless it is our own
    bool own = false;                    // of a green thread of ours, from the pool
    bool noted = false;                  // after patch(): PyGILState_Ensure() finds it in this green thread

    // The running green thread's. Makes it for a thread that Python or C has started. nullptr: with an error set.
    static State* here() noexcept;
    static State* find_here() noexcept;  // here() if it is not the last one's

    // Before and after what may suspend. Between the two, nothing of Python's may be touched.
    void leave() noexcept;
    void return_to() noexcept;

    // For a new green thread: from the pool, and current. GIL: not held after patch(), held before. Returns: nullptr if
    // there is no memory.
    static State* begin() noexcept;
    // At its end: clears it and gives it back.
    void end() noexcept;
};

// Called where a green thread of ours is about to suspend or to end (leaving), and where it goes on: with its State
// current, and no error set. nullptr: nobody traces, see set_trace() in raw_switch.hpp.
extern void (*on_switch)(State& state, bool leaving) noexcept;

// The State that a PyThreadState has; nullptr: none. Sets no error.
State* state_of(PyThreadState* thread) noexcept;

struct StateHere {
    State* last = nullptr;   // most likely the running one
    bool has_hooks = false;  // see have_hub()
};
extern thread_local constinit StateHere state_here [[gnu::tls_model("initial-exec")]];

inline State* State::here() noexcept {
    State* const last = state_here.last;
    return last != nullptr && last->thread == _PyThreadState_UncheckedGet() ? last : find_here();
}

void make_hub();  // have_hub() for the first wait

// Must be called before the first wait of an OS thread. Throws: what Hub::current() throws; std::logic_error at the
// end of the interpreter.
inline void have_hub() {
    if (!state_here.has_hooks) [[unlikely]] {
        make_hub();
    }
}

// From now on no wait begins, and no green thread touches Python.
void interpreter_has_ended() noexcept;
bool interpreter_is_over() noexcept;

// From now on the GIL is given up at each wait: patch() has been called.
void give_gil_up_at_waits() noexcept;
bool gives_gil_up_at_waits() noexcept;

// In the child of a fork: the interpreter has freed all PyThreadStates but the caller's.
void forget_states_after_fork() noexcept;

}  // namespace tendril::python
