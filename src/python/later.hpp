// SPDX-License-Identifier: MIT
//
// References that code without the GIL wants to be rid of, such as another OS thread's: given up soon, by the main OS
// thread between two of its instructions.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

// Takes over a reference, which may be nullptr. May be called in any OS thread, without the GIL.
void drop_later(PyObject* object) noexcept;

// The same for the PyThreadState of an OS thread that ends.
void delete_later(PyThreadState* thread) noexcept;

// Does now what was put off. Called with the GIL.
void drop_now() noexcept;

}  // namespace tendril::python
