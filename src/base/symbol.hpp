// SPDX-License-Identifier: MIT
//
// What a return address is called. Not for signal handlers: it allocates.

#pragma once

#include <string>

namespace tendril::detail {

// "function(arguments)+0x1c (program+0x234c)"; where no name is known only "program+0x234c", which
// `addr2line -Cfe program 0x234c` understands. Names come from the dynamic symbol table: those of a program's own
// functions are there when it is linked with -rdynamic (CMake: ENABLE_EXPORTS).
std::string describe_address(const void* return_address);

// "type_or_function" as the compiler mangled it, readable; as it is when it is not a mangled name.
std::string demangled(const char* mangled);

}  // namespace tendril::detail
