// SPDX-License-Identifier: MIT
//
// A handler for uncaught exceptions, below the outermost function of the stack (main). The C++ runtime's search finds
// it, so the runtime unwinds the stack as for any caught exception, instead of calling std::terminate() first.
//
// It changes no frame. The runtime asks the unwind tables about each return address. For the outermost one (in the C
// library's start code, which handles nothing) an entry that says "here is a handler" takes precedence over the table's
// own (docs/design/0016-ctrl-c.md).

#pragma once

#include <typeinfo>

#include "context/flow.hpp"

namespace tendril::detail {

// Installs the handler, once per process and forever. From now on an uncaught exception of `type`, or of a type derived
// from it, on this OS thread's own stack unwinds that stack and then calls `handler`, inside the last catch clause.
// `handler` must not return. own_stack: where that stack stopped, if it is suspended; nullptr: it runs.
// Returns: whether there is a handler; false if the outermost frame cannot be found, or its entry cannot be overridden.
bool have_outermost_handler(const Flow* own_stack, const std::type_info& type, void (*handler)()) noexcept;

}  // namespace tendril::detail
