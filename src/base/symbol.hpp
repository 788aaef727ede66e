// SPDX-License-Identifier: MIT
//
// What return addresses are called. Not for signal handlers: it allocates, and reads files.

#pragma once

#include <map>
#include <memory>
#include <string>

namespace tendril::detail {

class SymbolTable;

// Reads the symbol table of each program and library once; so make one for many addresses, and let it go afterwards.
class AddressNames {
public:
    AddressNames();
    AddressNames(const AddressNames&) = delete;
    AddressNames& operator=(const AddressNames&) = delete;
    ~AddressNames();

    // "function(arguments)+0x1c (program+0x234c)"; where the symbol table does not know it, or was stripped, only
    // "program+0x234c", which `addr2line -Cfe program 0x234c` understands. Throws: std::bad_alloc.
    const std::string& of(const void* return_address);

private:
    std::string describe(const void* return_address);

    std::map<const void*, std::string> names_;
    std::map<std::string, std::unique_ptr<SymbolTable>> tables_;  // by file
};

// "type_or_function" as the compiler mangled it, readable; as it is when it is not a mangled name.
std::string demangled(const char* mangled);

}  // namespace tendril::detail
