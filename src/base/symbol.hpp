// SPDX-License-Identifier: MIT
//
// Names return addresses. Not for signal handlers: it allocates, and reads files.

#pragma once

#include <map>
#include <memory>
#include <string>

namespace tendril::detail {

class SymbolTable;

// Reads the symbol table of each program and library once: make one for many addresses, and destroy it afterwards.
class AddressNames {
public:
    AddressNames();
    AddressNames(const AddressNames&) = delete;
    AddressNames& operator=(const AddressNames&) = delete;
    ~AddressNames();

    // Returns "function(arguments)+0x1c (program+0x234c)"; if the symbol table does not know the function, or was
    // stripped, only "program+0x234c", which `addr2line -Cfe program 0x234c` understands. Throws: std::bad_alloc.
    const std::string& of(const void* return_address);

private:
    std::string describe(const void* return_address);

    std::map<const void*, std::string> names_;
    std::map<std::string, std::unique_ptr<SymbolTable>> tables_;  // by file
};

// Makes a compiler's mangled name readable; returns any other text unchanged.
std::string demangled(const char* mangled);

}  // namespace tendril::detail
