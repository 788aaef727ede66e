// SPDX-License-Identifier: MIT
//
// GreenletObject: tendril.Greenlet, a green thread that runs a function of Python, and its result. Also stands for
// green threads that are not ours, such as the main one: those have no function, and never end.

#pragma once

#include "python/python.hpp"

#include <cstdint>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>

namespace tendril::python {

struct State;

struct GreenletObject {
    enum class Stage : std::uint8_t { made, pending, running, ended };

    PyObject_HEAD PyObject* dict;
    PyObject* weakrefs;
    PyObject* run;       // until it begins
    PyObject* args;      // a tuple
    PyObject* kwargs;    // a dict, or nullptr
    PyObject* context;   // its contextvars; nullptr: none
    PyObject* value;     // once it has ended: its result; after a GreenletExit that
    PyObject* error;     // ... or what it raised
    PyObject* to_raise;  // of a kill that has not been raised yet
    PyObject* links;     // a list of callables; nullptr: none
    State* state;        // while it runs
    AnyGreenlet handle;  // once it was started
    Event done;
    Stage stage;
    bool seen;  // its error was asked for, or reported
    bool main;  // stands for a green thread that is not ours
};

extern PyTypeObject* greenlet_type;

// The running green thread's; borrowed.
GreenletObject* current_greenlet() noexcept;

// One that runs run(*args, **kwargs), not started; kwargs may be nullptr.
GreenletObject* new_greenlet(PyObject* run, PyObject* args, PyObject* kwargs) noexcept;

// Lets it begin when the caller waits next, or after the delay. Returns: false with a Python error set.
bool start(GreenletObject& greenlet, const Deadline* delay) noexcept;

// The exception of a kill that is to be raised now; empty: GreenletExit.
Ref take_kill(GreenletObject& greenlet) noexcept;

// Raises the exception in it, when it waits next; its end is not waited for. Returns: false with a Python error set,
// also for the running green thread itself: that is it then.
bool kill(GreenletObject& greenlet, PyObject* error) noexcept;

int add_greenlet(PyObject* module) noexcept;

}  // namespace tendril::python
