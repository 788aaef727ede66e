// SPDX-License-Identifier: MIT
//
// What python/tendril/hub.py and dump.py are made of: a hub's counts, its snapshot with the frames of Python, its end
// of work, and the blocking watch.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

// Ends the blocking watch, whose handler calls Python. Gives the GIL up meanwhile.
void end_blocking_watch() noexcept;

int add_hub(PyObject* module) noexcept;

}  // namespace tendril::python
