// SPDX-License-Identifier: MIT

#include "base/symbol.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <link.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

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

std::string describe_address(const void* return_address) {
    const auto address = reinterpret_cast<std::uintptr_t>(return_address);
    Dl_info info{};
    link_map* object = nullptr;
    // The byte before: the call may be the last thing that its function does.
    if (::dladdr1(reinterpret_cast<void*>(address - 1), &info, reinterpret_cast<void**>(&object), RTLD_DL_LINKMAP) ==
        0) {
        return hex(address);
    }
    const std::string place = std::string(info.dli_fname) + '+' + hex(address - object->l_addr);
    if (info.dli_sname == nullptr) {
        return place;
    }
    const std::uintptr_t offset = address - reinterpret_cast<std::uintptr_t>(info.dli_saddr);
    return demangled(info.dli_sname) + '+' + hex(offset) + " (" + place + ')';
}

}  // namespace tendril::detail
