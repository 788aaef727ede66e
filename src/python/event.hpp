// SPDX-License-Identifier: MIT
//
// tendril.Event, of the library's Event.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

int add_event(PyObject* module) noexcept;

}  // namespace tendril::python
