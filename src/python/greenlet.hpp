// SPDX-License-Identifier: MIT
//
// GreenletObject: tendril.Greenlet, a green thread that runs a function of Python, and its result. Also stands for
// green threads that are not ours, such as the main one: those have no function, and never end.

#pragma once

#include "python/awaiting.hpp"
#include "python/python.hpp"

#include <cstddef>
#include <cstdint>

#include <tendril/detail/base/list.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>

namespace tendril::python {

struct State;
struct GreenletObject;

struct Living : detail::ListNode {};  // what the list of an OS thread's living ones links

struct GreenletObject {
    enum class Stage : std::uint8_t { made, pending, running, ended };

    PyObject_HEAD PyObject* dict;
    PyObject* weakrefs;
    PyObject* run;        // until it ends
    PyObject* args;       // a tuple
    PyObject* kwargs;     // a dict, or nullptr
    PyObject* context;    // its contextvars; nullptr: none
    PyObject* value;      // once it has ended: its result; after a GreenletExit that
    PyObject* error;      // ... or what it raised
    PyObject* to_raise;   // of a kill that has not been raised yet
    PyObject* links;      // a list of callables; nullptr: none
    State* state;         // while it runs
    AnyGreenlet handle;   // from its start to its end
    std::uint64_t id;     // the handle's, also after that
    std::uint64_t owner;  // serial of its OS thread; 0: not started
    Event done;
    Waits waits;    // for its end
    Living living;  // linked from its start to its end
    Stage stage;
    bool seen;       // its error was asked for, or reported
    bool main;       // stands for a green thread that is not ours
    bool abandoned;  // the garbage collector has found that it would wait without end
};

extern PyTypeObject* greenlet_type;

inline GreenletObject& greenlet_of(Living& living) noexcept {
    return *reinterpret_cast<GreenletObject*>(reinterpret_cast<char*>(&living) - offsetof(GreenletObject, living));
}

// Those of this OS thread that were started and have not ended, in the order of their starts.
detail::List<Living>& living_greenlets() noexcept;

// The running green thread's; borrowed.
GreenletObject* current_greenlet() noexcept;

// One that runs run(*args, **kwargs), not started; kwargs may be nullptr.
GreenletObject* new_greenlet(PyObject* run, PyObject* args, PyObject* kwargs) noexcept;

// Whether it is of this OS thread.
bool is_of_here(const GreenletObject& greenlet) noexcept;

// Whether it runs, and its finalizer would kill it: which is called once.
bool may_become_garbage(GreenletObject& greenlet) noexcept;

// Lets it begin when the caller waits next, or after the delay. Returns: false with a Python error set.
bool start(GreenletObject& greenlet, const Deadline* delay) noexcept;

// The exception of a kill that is to be raised now; empty: GreenletExit.
Ref take_kill(GreenletObject& greenlet) noexcept;

// In the child of a fork, for one that is the parent's: it has ended, as by a kill. Its waiters are not woken.
void end_in_child(GreenletObject& greenlet) noexcept;

// This OS thread's main one, or the one that went on in the child of a fork, whose end is the program's. Borrowed;
// nullptr: none was started here yet.
GreenletObject* main_greenlet() noexcept;
void set_main_greenlet(GreenletObject* greenlet) noexcept;

// Raises the exception in the main one: for what ends a program, and for what a signal's handler raises.
void raise_in_main(PyObject* error) noexcept;

// Sets what is called with a greenlet whose error nobody can ask for, and the error; empty: sys.unraisablehook.
// Returns: the former one.
Ref set_error_handler(Ref handler) noexcept;

// Raises the exception in it, when it waits next; its end is not waited for. Returns: false with a Python error set,
// also for the running green thread itself: that is it then.
bool kill(GreenletObject& greenlet, PyObject* error) noexcept;

int add_greenlet(PyObject* module) noexcept;

}  // namespace tendril::python
