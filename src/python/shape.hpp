// SPDX-License-Identifier: MIT
//
// What the types of gevent's and eventlet's green threads have in common. python/tendril completes these types with
// what need not be fast: see tendril/complete.py.

#pragma once

#include "python/arguments.hpp"
#include "python/greenlet.hpp"

namespace tendril::python {

// Makes an object of the class, which runs args[0] with the other arguments, and is not started. nullptr: with a Python
// error set. Requires: a class that has no __new__ and no __init__ of its own.
GreenletObject* make_shaped(PyObject* kind, const Call& call) noexcept;

// _spawner(class, name, doc): a function that makes one and starts it.
PyObject* make_spawner(PyObject* module, PyObject* args) noexcept;

int add_gevent_greenlet(PyObject* module) noexcept;
int add_eventlet_greenlet(PyObject* module) noexcept;
int add_gevent_loop(PyObject* module) noexcept;

}  // namespace tendril::python
