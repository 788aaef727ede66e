// SPDX-License-Identifier: MIT
//
// park() and switch() as gevent's programs use them: a green thread parks by hub.switch(), another one wakes it by
// greenlet.switch(value) or throw(). The one that is switched to becomes ready, and runs when the caller waits next.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

struct GreenletObject;

// The module's function: waits until another green thread switches to the caller. Returns what that passes; nullptr
// with the error set that it throws.
PyObject* park(PyObject* module, PyObject* unused) noexcept;

// Greenlet._switch(*args, **kwargs): wakes it with a value; starts one that was not started. In itself: returns the
// value.
PyObject* wake(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) noexcept;

// Greenlet._throw_parked(error): wakes it with an error. Returns: False if it is not parked.
PyObject* wake_by_error(PyObject* self, PyObject* error) noexcept;

}  // namespace tendril::python
