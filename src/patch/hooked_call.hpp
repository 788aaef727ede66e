// SPDX-License-Identifier: MIT
//
// For tests: TENDRIL_HOOKED(read)(fd, to, n) calls the hook of that function, as patched code would.

#pragma once

#include <stdexcept>
#include <string>

#include "patch/hooks.hpp"

namespace tendril::patch::testing {

inline void* replacement_of(const char* symbol) {
    const detail::Hook* hook = detail::hook_for(symbol);
    if (hook == nullptr) {
        throw std::logic_error(std::string("there is no hook for ") + symbol);
    }
    return hook->replacement;
}

}  // namespace tendril::patch::testing

#define TENDRIL_HOOKED(name) (reinterpret_cast<decltype(&::name)>(::tendril::patch::testing::replacement_of(#name)))
