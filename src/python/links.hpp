// SPDX-License-Identifier: MIT
//
// Links: callables to be called once with an object when something has happened to it, in the order in which they were
// added, in a green thread of their own.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

// Calls f(object, data) soon, in a green thread of its own, which may wait. Returns: false with a Python error set.
bool call_soon(PyObject* object, void* data, void (*f)(PyObject* object, void* data) noexcept) noexcept;

class Links {
public:
    // Returns: false with a Python error set: TypeError for what is not callable.
    bool add(PyObject* callable) noexcept;
    // Does nothing for one that is not there. Returns: false with a Python error set.
    bool remove(PyObject* callable) noexcept;

    // Lets them be called soon; what they raise is reported. One that is removed before its turn is not called.
    // `self` holds these Links.
    void notify(PyObject* self) noexcept;

    int traverse(visitproc visit, void* arg) const noexcept;
    void clear() noexcept { Py_CLEAR(list_); }

    // For notify(): calls them.
    void call_all(PyObject* self) noexcept;

private:
    PyObject* list_ = nullptr;  // nullptr: none
    bool notifying_ = false;    // a green thread was started for it, and has not ended
};

}  // namespace tendril::python
