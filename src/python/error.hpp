// SPDX-License-Identifier: MIT
//
// Errors, from C++ to Python.

#pragma once

#include "python/python.hpp"

#include <tendril/error.hpp>

namespace tendril::python {

struct AlarmObject;

// What a wait throws when an exception of Python is to be raised in its green thread: by an Alarm, else by a kill,
// whose exception is the GreenletObject's `to_raise`. A GreenletExit, so that the hub counts a green thread as killed
// if it ends before it has begun.
struct Raise final : GreenletExit {
    AlarmObject* alarm;
    explicit Raise(AlarmObject* a = nullptr) noexcept : alarm(a) {}
    const char* what() const noexcept override { return "an exception of Python"; }
};

// The module's exceptions; borrowed. GreenletExit is a BaseException, as in greenlet.
struct Errors {
    PyObject* greenlet_exit;  // GreenletExit(BaseException)
    PyObject* timeout;        // Timeout(BaseException); its rest is in python/tendril/timeout.py
    PyObject* loop_exit;      // LoopExit(RuntimeError)
    PyObject* hub_blocked;    // HubBlocked(RuntimeError)
    PyObject* wrong_thread;   // WrongThread(RuntimeError)
    PyObject* killed;         // GreenletKilled(RuntimeError)
    PyObject* empty;          // queue.Empty
    PyObject* full;           // queue.Full
    PyObject* shut_down;      // ShutDown(RuntimeError)
};
extern Errors errors;
int add_errors(PyObject* module) noexcept;  // 0, or -1 with an error set

// In a catch block: sets the Python error that says the same as the exception that is being handled.
void set_error() noexcept;

// Takes the Python error that is set, with its traceback. Requires: there is one.
Ref take_python_error() noexcept;
// Sets an error that is an exception object.
void set_python_error(PyObject* error) noexcept;

// Runs f(), which does not wait and may throw. Returns: false with a Python error set.
template <class F>
bool guarded(F&& f) noexcept {
    try {
        f();
        return true;
    } catch (...) {
        set_error();
        return false;
    }
}

}  // namespace tendril::python
