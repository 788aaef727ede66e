// SPDX-License-Identifier: MIT
//
// _Timeout, _GeventTimeout and _EventletTimeout: what the three classes Timeout have that each use of one calls. Their
// rest is in python/tendril.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

// Whether it is an object of a class Timeout, in the place of a number of seconds.
bool is_timeout(PyObject* value) noexcept;

// __enter__() and __exit__() of a Timeout around what has given the result, or has set an error. Returns: the result;
// None if that has ended it, and is silent.
bool enter_timeout(PyObject* timeout) noexcept;
PyObject* exit_timeout(PyObject* timeout, PyObject* result) noexcept;

// Returns f(timeout); for a Timeout f(nullptr) within that.
template <class F>
PyObject* within(PyObject* timeout, F&& f) noexcept {
    if (timeout == nullptr || !is_timeout(timeout)) [[likely]] {
        return f(timeout);
    }
    return enter_timeout(timeout) ? exit_timeout(timeout, f(nullptr)) : nullptr;
}

int add_timeout(PyObject* module) noexcept;

}  // namespace tendril::python
