// SPDX-License-Identifier: MIT
//
// The module's functions that belong to no type: spawn, spawn_n, spawn_after, sleep, getcurrent, and what the ends of
// processes and forks need.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

int add_functions(PyObject* module) noexcept;

}  // namespace tendril::python
