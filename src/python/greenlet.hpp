// SPDX-License-Identifier: MIT
//
// GreenletObject: tendril.Greenlet, a green thread that runs a function of Python, and its result. Also stands for
// green threads that are not ours, such as the main one: those have no function, and never end.

#pragma once

#include "python/awaiting.hpp"
#include "python/python.hpp"

#include <cstddef>
#include <cstdint>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/list.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>

namespace tendril::python {

struct Parking;
struct State;
struct GreenletObject;

struct Living : detail::ListNode {};  // what the list of an OS thread's living ones links

// What the green threads of gevent's and eventlet's names do otherwise. Their types are subtypes of Greenlet's.
struct Shape {
    // In the green thread itself, once it has its value or its error. nullptr: nothing.
    void (*over)(GreenletObject& greenlet) noexcept;
    // After its end, instead of calling `links` with it as they are. Those that wait for the end are ready already.
    void (*call_links)(GreenletObject& greenlet) noexcept;
};

struct GreenletObject {
    enum class Stage : std::uint8_t { made, pending, running, ended };

    PyObject_HEAD PyObject* dict;
    PyObject* weakrefs;
    PyObject* run;        // until it has ended
    PyObject* args;       // a tuple; the same
    PyObject* kwargs;     // a dict, or nullptr; the same
    PyObject* context;    // its contextvars; nullptr: none
    PyObject* value;      // once it has ended: its result; after a GreenletExit that
    PyObject* error;      // ... or what it raised
    PyObject* to_raise;   // of a kill that has not been raised yet
    PyObject* links;      // a list of callables; nullptr: none
    PyObject* spawner;    // of gevent's: a weak reference to the green thread that made it, or nullptr
    PyObject* reference;  // to itself, weak: those that it has made by gevent's names have it; nullptr: none
    PyObject* tree;       // of gevent's: a dict that it shares with those that it makes, or nullptr
    const Shape* shape;   // nullptr: neither gevent's nor eventlet's
    State* state;         // while it runs
    Parking* parked;      // see parking.hpp; nullptr: it is not in a park()
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
    bool keeps_run;  // of gevent's: `run` stays after the end
    bool notifying;  // of gevent's: a green thread was started for its links, and has not ended
    bool exited;     // of eventlet's: the value is a GreenletExit that it raised
};

extern PyTypeObject* greenlet_type;

inline PyObject* object(GreenletObject& greenlet) noexcept {
    return reinterpret_cast<PyObject*>(&greenlet);
}
inline GreenletObject& as_greenlet(PyObject* self) noexcept {
    return *reinterpret_cast<GreenletObject*>(self);
}

inline GreenletObject& greenlet_of(Living& living) noexcept {
    return *reinterpret_cast<GreenletObject*>(reinterpret_cast<char*>(&living) - offsetof(GreenletObject, living));
}

// Those of this OS thread that were started and have not ended, in the order of their starts.
detail::List<Living>& living_greenlets() noexcept;

// The running green thread's; borrowed.
GreenletObject* current_greenlet() noexcept;

// An object of the type, which is Greenlet or a subtype, with nothing to run. nullptr: with a Python error set.
GreenletObject* make_greenlet(PyTypeObject* type) noexcept;

// Gives it what it is to run; kwargs may be empty. Returns: false with a Python error set: `run` cannot be called.
bool set_run(GreenletObject& greenlet, PyObject* run, Ref args, Ref kwargs) noexcept;

// One that runs run(*args, **kwargs), not started; kwargs may be empty.
GreenletObject* new_greenlet(PyObject* run, Ref args, Ref kwargs) noexcept;

// Whether it is of this OS thread.
bool is_of_here(const GreenletObject& greenlet) noexcept;

// Whether it runs, and its finalizer would kill it: which is called once.
bool may_become_garbage(GreenletObject& greenlet) noexcept;

// Lets it begin when the caller waits next, or after the delay. Returns: false with a Python error set.
bool start(GreenletObject& greenlet, const Deadline* delay) noexcept;

// Waits for its end, in a method of its that was called so. Returns: 1: it has ended; 0: not in time; -1: with an
// error set.
int await_end(GreenletObject& greenlet, Deadline deadline, const Call& call) noexcept;

// Of one that has ended: its value; nullptr with its error set.
PyObject* result_of(GreenletObject& greenlet) noexcept;

// Wakes those that wait for its end, which has come; its links are called soon.
void notify(GreenletObject& greenlet) noexcept;

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
