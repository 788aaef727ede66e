// SPDX-License-Identifier: MIT
//
// tendril.AsyncResult: a value, or an exception, that green threads wait for.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

int add_async_result(PyObject* module) noexcept;

}  // namespace tendril::python
