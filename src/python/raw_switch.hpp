// SPDX-License-Identifier: MIT
//
// How raw greenlets switch: see raw_greenlet.hpp.

#pragma once

#include "python/raw_greenlet.hpp"

namespace tendril::python {

// Gives the parcel to the target, or to the first of its ancestors that has not ended, lets that run, and parks the
// caller. An exception for the root of another family is raised where that waits, as by kill(), and None returned at
// once. Returns: what the caller gets by a later switch to it; nullptr with an error set.
PyObject* switch_to(RawObject& target, Parcel parcel) noexcept;

// The same without parking the caller, which need not be of the target's family. Requires: the target is parked.
// Returns: false with an error set.
bool resume(RawObject& target, Parcel parcel) noexcept;

// Parks the running one until something switches to it, of any family: outside of its own, a switch only resumes it.
PyObject* park() noexcept;

// For one that is parked and that nothing refers to: unwinds it.
void unwind(RawObject& raw) noexcept;

// Sets the function that is called after each switch in this OS thread. Returns: the one before; may be empty.
Ref set_trace(PyObject* function) noexcept;
PyObject* trace() noexcept;  // borrowed; nullptr: none

}  // namespace tendril::python
