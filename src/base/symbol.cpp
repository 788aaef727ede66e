// SPDX-License-Identifier: MIT

#include "base/symbol.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <link.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "base/symbol_table.hpp"

namespace tendril::detail {

namespace {

std::string hex(std::uintptr_t value) {
    char text[2 * sizeof value + 3];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
    return text;
}

}  // namespace

std::string demangled(const char* mangled) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(mangled, nullptr, nullptr, &status),
                                                      std::free);
    return name != nullptr ? name.get() : mangled;
}

AddressNames::AddressNames() = default;
AddressNames::~AddressNames() = default;

const std::string& AddressNames::of(const void* return_address) {
    const auto [known, fresh] = names_.try_emplace(return_address);
    if (fresh) {
        known->second = describe(return_address);
    }
    return known->second;
}

std::string AddressNames::describe(const void* return_address) {
    const auto address = reinterpret_cast<std::uintptr_t>(return_address);
    const std::uintptr_t call = address - 1;  // the call may be the last instruction of its function
    Dl_info info{};
    link_map* object = nullptr;
    if (::dladdr1(reinterpret_cast<void*>(call), &info, reinterpret_cast<void**>(&object), RTLD_DL_LINKMAP) == 0) {
        return hex(address);
    }
    const std::string place = std::string(info.dli_fname) + '+' + hex(address - object->l_addr);
    // The program itself has no name there, and argv[0] may by now name another file.
    const std::string file = *object->l_name != 0 ? object->l_name : "/proc/self/exe";
    std::unique_ptr<SymbolTable>& table = tables_[file];
    if (table == nullptr) {
        table = std::make_unique<SymbolTable>(file);
    }
    if (const auto* function = table->find(call - object->l_addr); function != nullptr) {
        return demangled(table->name_of(*function)) + '+' + hex(address - object->l_addr - function->begin) + " (" +
               place + ')';
    }
    if (info.dli_sname != nullptr) {
        return demangled(info.dli_sname) + '+' + hex(address - reinterpret_cast<std::uintptr_t>(info.dli_saddr)) +
               " (" + place + ')';
    }
    return place;
}

}  // namespace tendril::detail
