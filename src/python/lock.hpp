// SPDX-License-Identifier: MIT
//
// tendril.Lock, RLock and Condition, of the library's.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

int add_lock(PyObject* module) noexcept;  // also RLock
int add_condition(PyObject* module) noexcept;

extern PyTypeObject* lock_type;
extern PyTypeObject* rlock_type;

}  // namespace tendril::python
