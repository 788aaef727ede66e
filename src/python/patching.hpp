// SPDX-License-Identifier: MIT
//
// tendril.patch(): floor patch over the interpreter and all that it loads. Threads of Python are green threads then,
// and what blocks lets others run.
//
// 1. Kills and Timeouts come back from patched calls as ECANCELED. The interpreter makes an OSError of that number: we
//    make it look into its table of such errors, where ours raises what is pending in the OSError's place.
// 2. Waits for locks of the interpreter's own, the GIL before all, are not broken off: it could not tell. Those of
//    threading and queue are (thread_lock.hpp).
// 3. C extensions find what is pending where they ask for signals: PyErr_CheckSignals() is hooked in them.
// 4. Handlers of signals that were installed before are installed again, so that they break off waits.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

// Whether patch() was called in this process.
bool is_patched() noexcept;

// Raises the kill or Timeout that is pending in the running green thread. Returns: false if there was one: it is the
// Python error that is set now. Keeps the error that is set if there was none.
bool raise_pending() noexcept;

// The error that is set gives way to what is pending, and becomes its context: C code may have made it of that. Does
// nothing before patch(), and for what is not an Exception.
void prefer_pending() noexcept;

int add_patching(PyObject* module) noexcept;

}  // namespace tendril::python
