// SPDX-License-Identifier: MIT
//
// Hook: what stands in for one function of the C library.
//
// A replacement has the function's own signature and its whole contract: results, errno, signals. Called by a green
// thread that may park (green.hpp), it suspends that green thread where the function would have blocked; called from
// anywhere else, it makes the plain call. It throws nothing: C code called it.

#pragma once

#include <span>

#include <tendril/patch/classes.hpp>

namespace tendril::patch::detail {

struct Hook {
    const char* symbol;
    void* replacement;
    Class of;

    template <class R, class... A>
    Hook(const char* name, Class c, R (*f)(A...)) noexcept
        : symbol(name), replacement(reinterpret_cast<void*>(f)), of(c) {}
    template <class R, class... A>
    Hook(const char* name, Class c, R (*f)(A..., ...)) noexcept
        : symbol(name), replacement(reinterpret_cast<void*>(f)), of(c) {}
};

using Hooks = std::span<const Hook>;

// Whether a patch with these classes puts the hook in. A hook of no class, of the dynamic linker's own calls, comes
// with any.
inline bool covers(Classes classes, const Hook& hook) noexcept {
    return hook.of == Class{} ? !classes.empty() : classes.has(hook.of);
}

}  // namespace tendril::patch::detail
