// SPDX-License-Identifier: MIT
//
// The parts of the type tendril.Greenlet: what it is made of in greenlet.cpp.

#pragma once

#include "python/greenlet.hpp"

namespace tendril::python {

extern PyMethodDef greenlet_methods[];  // greenlet_methods.cpp
extern PyGetSetDef greenlet_properties[];

// Returns: false, with WrongThread set, on another OS thread than its own.
bool check_owner(GreenletObject& greenlet) noexcept;

}  // namespace tendril::python
