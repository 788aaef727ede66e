// SPDX-License-Identifier: MIT
//
// repr() of a Greenlet: its name or number, what it runs, and how far it has come.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

PyObject* greenlet_repr(PyObject* self) noexcept;

}  // namespace tendril::python
