// SPDX-License-Identifier: MIT
//
// tendril.SharedQueue, of the library's: between OS threads. Its mutex is never held by code that waits for the GIL.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

int add_shared_queue(PyObject* module) noexcept;

}  // namespace tendril::python
