// SPDX-License-Identifier: MIT
//
// tendril.Channel, of the library's Channel.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

int add_channel(PyObject* module) noexcept;

}  // namespace tendril::python
