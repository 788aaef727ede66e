// SPDX-License-Identifier: MIT
//
// A handler for exceptions that nobody catches, below the outermost function of the stack (main): for them the C++
// runtime's search finds a handler, so it unwinds the stack as for any exception that is caught, instead of calling
// std::terminate() first.
//
// No frame is changed for it. The runtime asks the unwind tables about each return address; the table entry of the
// outermost one (in the C library's start code, which handles nothing) is put in front of by one that says "here is a
// handler" (docs/design/0016-ctrl-c.md).

#pragma once

#include <typeinfo>

#include "context/flow.hpp"

namespace tendril::detail {

// Once per process, and for ever: from now on exceptions of `type`, and of types derived from it, that nobody catches
// on this OS thread's own stack unwind it and then call `handler`, inside the last catch clause there is. It must not
// return. own_stack: where that stack stopped when it is left at the moment; nullptr: it runs.
// Returns: whether there is a handler; false where the outermost frame cannot be found.
bool have_outermost_handler(const Flow* own_stack, const std::type_info& type, void (*handler)()) noexcept;

}  // namespace tendril::detail
