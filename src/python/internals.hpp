// SPDX-License-Identifier: MIT
//
// What is asked of the interpreter's insides, in one place: the next version of Python may have them elsewhere.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

struct State;

// The interpreter's table of the classes of OSError by errno; borrowed.
PyObject* errors_by_number() noexcept;

struct Span {
    const void* begin;
    const void* end;
};
// Where the GIL's mutexes and conditions lie.
Span place_of_gil() noexcept;

// Without the GIL: whether somebody has it; asks the one that has it to give it up; takes that back; whether it is
// still asked.
bool gil_is_held() noexcept;
void request_gil() noexcept;
void withdraw_gil_request() noexcept;
bool gil_is_requested() noexcept;

// Makes an error, which PyErr_Fetch() gave, the context of the one that is set. Takes over the references.
void chain(PyObject* type, PyObject* value, PyObject* traceback) noexcept;

// Whether a signal has come whose Python handler has not run.
bool signals_are_pending() noexcept;

// Calls the Python handlers of the signals that have come, also outside of the main thread. Returns: false with an
// error set.
bool call_signal_handlers() noexcept;

// Whether the interpreter has begun to destroy itself.
bool is_finalizing() noexcept;

// What PyGILState_Ensure() takes for this OS thread's PyThreadState.
void note_for_gilstate(PyThreadState* thread) noexcept;
// The same, faster, while all green threads of this OS thread have its values of pthread_setspecific(): until patch().
void note_for_gilstate_unpatched(PyThreadState* thread) noexcept;
// In the child of a fork, where the interpreter has made that key anew.
void forget_place_for_gilstate() noexcept;

// The State that a PyThreadState of ours belongs to; nullptr: it is not ours.
State* own_state(PyThreadState* thread) noexcept;
void adopt(PyThreadState* thread, State* state) noexcept;
void disown(PyThreadState* thread) noexcept;
// What adopt() does but for the number of the thread: once disown() was called for a while.
void own_again(PyThreadState* thread, State* state) noexcept;

// Makes a PyThreadState as new: no values of threading.local, no context, no exception. Requires: it is current, and
// runs no frame.
void clear_for_reuse(PyThreadState* thread) noexcept;

// A copy of the running thread's context variables; nullptr without an error: it has none.
PyObject* copy_context() noexcept;
// Makes the context the thread's; takes over the reference.
void enter_context(PyThreadState* thread, PyObject* context) noexcept;

// Its context variables; borrowed; nullptr: it has none.
PyObject* context_of(PyThreadState* thread) noexcept;

// Lets a thread have the other's values of threading.local that exist, and its running event loop, but not what is kept
// under the key `without`.
void share_values(PyThreadState* thread, PyThreadState* other, const char* without) noexcept;

// Visits what the frames of a suspended green thread refer to: for the garbage collector.
int traverse_frames(PyThreadState* thread, visitproc visit, void* argument) noexcept;

}  // namespace tendril::python
