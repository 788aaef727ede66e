// SPDX-License-Identifier: MIT
//
// Arguments of METH_FASTCALL | METH_KEYWORDS functions, without a tuple or a dictionary.

#pragma once

#include "python/python.hpp"

#include <cstddef>
#include <span>

namespace tendril::python {

// What such a function is called with.
struct Call {
    PyObject* const* args;
    Py_ssize_t given;
    PyObject* names;  // of those that come after the given ones; may be nullptr
};

// Puts the arguments into the places of their names; borrowed; those that are not given stay as they are.
// Returns: false with TypeError set, if one of the first `required` is missing, or one has another name.
bool read_arguments(const char* function, std::span<const char* const> names, std::size_t required, const Call& call,
                    std::span<PyObject*> into) noexcept;

// Makes of the arguments from `first` on what PyObject_Call() takes; `keywords` stays empty if there are none.
// Returns: false with a Python error set.
bool pack_arguments(const Call& call, Py_ssize_t first, Ref& tuple, Ref& keywords) noexcept;

// Reads a truth; nullptr leaves `into` as it is. Returns: false with a Python error set.
bool truth_from(PyObject* value, bool& into) noexcept;

// (block=True, timeout=None): how long to wait.
struct Patience {
    bool block = true;
    PyObject* timeout = nullptr;  // borrowed
};

// Reads `blocking` and `timeout` as threading does. Returns: false with an error set: ValueError for a timeout of a
// call that does not block. A timeout of -1 is none.
bool read_lock_patience(const Call& call, Patience& into) noexcept;

}  // namespace tendril::python
