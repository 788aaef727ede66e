// SPDX-License-Identifier: MIT
//
// What the frames of a suspended green thread own, for the garbage collector.
//
// A reference that is not visited is safe: the collector takes its object for referenced from outside. One that is
// visited and is not owned would let it free what is in use. So all is visited of which it is certain that the frames
// own it, and nothing else.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

// The call of a method of ours that waits. By one of two ways the interpreter may have called it directly, and then its
// object and its arguments lie on the evaluation stack of the innermost frame.
struct CallSite {
    PyObject* self;
    PyObject* const* args;  // as METH_FASTCALL gives them; nullptr: it is a step of an iteration over `self`
    Py_ssize_t count;       // of them, with those of keywords
    PyObject* item;         // what the method itself has a reference to while it waits; or nullptr
};

// Whether it is certain what all of its frames own, nobody else has a frame of them, through which all that it owns can
// be reached, and no C code is between them but the interpreter's. `run`: what the green thread was to call.
bool frames_are_known(PyThreadState* thread, const CallSite& site, PyObject* run) noexcept;

// Requires: frames_are_known().
int visit_frames(PyThreadState* thread, const CallSite& site, visitproc visit, void* argument) noexcept;

}  // namespace tendril::python
