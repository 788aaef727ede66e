// SPDX-License-Identifier: MIT
//
// tendril.SharedEvent, of the library's: between OS threads.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

int add_shared_event(PyObject* module) noexcept;

}  // namespace tendril::python
