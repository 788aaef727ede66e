// SPDX-License-Identifier: MIT
//
// tendril.SharedSemaphore, of the library's: between OS threads.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

int add_shared_semaphore(PyObject* module) noexcept;

}  // namespace tendril::python
