// SPDX-License-Identifier: MIT
//
// SymbolTable: the functions of an ELF file, static ones included. The dynamic linker knows only the exported ones, and
// a program exports none unless it is linked with -rdynamic.

#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace tendril::detail {

class SymbolTable {
public:
    // Empty if the file cannot be read, has no symbol table, or is not an ELF file of this system's class. Throws:
    // std::bad_alloc.
    explicit SymbolTable(const std::string& file);

    struct Function {
        std::uintptr_t begin = 0;  // as in the file, before it is loaded anywhere
        std::uintptr_t size = 0;
        std::size_t name = 0;  // its offset in names_
    };

    // Returns the function that contains the address, or nullptr.
    const Function* find(std::uintptr_t address) const noexcept;
    const char* name_of(const Function& function) const noexcept { return names_.data() + function.name; }

private:
    void read(std::istream& file);

    std::vector<Function> functions_;
    // by address
    std::string names_;  // one after another, each with a final zero
};

}  // namespace tendril::detail
