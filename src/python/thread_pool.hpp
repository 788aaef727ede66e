// SPDX-License-Identifier: MIT
//
// What tendril.ThreadPool is made of (python/tendril/thread_pool.py): the library's ThreadPool, and the jobs in it.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

int add_thread_pool(PyObject* module) noexcept;

}  // namespace tendril::python
