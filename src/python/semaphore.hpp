// SPDX-License-Identifier: MIT
//
// tendril.Semaphore and BoundedSemaphore, of the library's Semaphore.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

int add_semaphore(PyObject* module) noexcept;

}  // namespace tendril::python
