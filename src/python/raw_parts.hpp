// SPDX-License-Identifier: MIT
//
// The parts of the type of raw greenlets: what it is made of in raw_greenlet.cpp.

#pragma once

#include "python/raw_greenlet.hpp"

namespace tendril::python {

inline RawObject* raw_cast(PyObject* self) noexcept {
    return reinterpret_cast<RawObject*>(self);
}

extern PyMethodDef raw_methods[];     // raw_methods.cpp
extern PyGetSetDef raw_attributes[];  // raw_attributes.cpp

// What __init__ and the attributes set. Returns: false with an error set.
bool set_run(RawObject& me, PyObject* run) noexcept;
bool set_parent(RawObject& me, PyObject* value) noexcept;

}  // namespace tendril::python
