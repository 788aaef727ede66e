// SPDX-License-Identifier: MIT
//
// The hooks of the dynamic linker's own calls: what is loaded is patched before its functions can be looked up, and
// what is looked up are hooks.
//
// The C library takes the return address for the caller, whose RUNPATH and place among the objects count (RTLD_NEXT,
// names without a slash). So loader_stubs.cpp jumps to the C library's function and leaves the stack as it found it,
// unless the functions here have answered. What such a call loads is patched at the next call of a hook here.
//
// dlsym(RTLD_NEXT) of a hooked function is answered by the hook, whatever stands between the caller and the C library.
// dlmopen(3) is not hooked: the objects of other namespaces are not patched.

#include <dlfcn.h>
#include <link.h>

#include <array>
#include <cstring>

#include "base/libc.hpp"
#include "patch/green.hpp"
#include "patch/hooks.hpp"
#include "patch/loader_stubs.hpp"
#include "patch/patches.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

using tendril::detail::find_in_libc;
using tendril::detail::libc;

namespace {

// Of no class: they come with each.
constexpr Class no_class{};

template <class F>
void* address(F* function) noexcept {
    return reinterpret_cast<void*>(function);
}

// The hook that stands in for the symbol in the object that has called; nullptr: none.
const Hook* hook_for_caller(const char* symbol, const void* caller) noexcept {
    const Hook* const hook = symbol != nullptr ? Patches::of_process().hook_for(symbol) : nullptr;
    Dl_info info;
    void* map = nullptr;
    if (hook == nullptr || ::dladdr1(caller, &info, &map, RTLD_DL_LINKMAP) == 0) {
        return nullptr;
    }
    const auto base = static_cast<std::uintptr_t>(static_cast<const link_map*>(map)->l_addr);
    return Patches::of_process().classes_at(base).has(hook->of) ? hook : nullptr;
}

}  // namespace

// A path without tokens means the same to every caller.
LoaderAnswer answer_dlopen(const char* file, int flags, const void*, const void*) noexcept {
    Patches::of_process().look();
    if (file == nullptr || std::strchr(file, '/') == nullptr || std::strchr(file, '$') != nullptr) {
        return {address(libc.dlopen), nullptr};
    }
    void* handle = nullptr;
    {
        const PlainCalls constructors;  // which run under the dynamic linker's lock
        handle = libc.dlopen(file, flags);
    }
    if (handle != nullptr) {
        Patches::of_process().look();
    }
    return {nullptr, handle};
}

LoaderAnswer answer_dlsym(void* handle, const char* symbol, const void*, const void* caller) noexcept {
    Patches::of_process().look();
    const Hook* const hook = hook_for_caller(symbol, caller);
    const bool answered =
        hook != nullptr && (handle == RTLD_NEXT || libc.dlsym(handle, symbol) == find_in_libc(symbol));
    return answered ? LoaderAnswer{nullptr, hook->replacement} : LoaderAnswer{address(libc.dlsym), nullptr};
}

LoaderAnswer answer_dlvsym(void* handle, const char* symbol, const char* version, const void* caller) noexcept {
    Patches::of_process().look();
    const Hook* const hook = handle != RTLD_NEXT ? hook_for_caller(symbol, caller) : nullptr;
    const bool answered = hook != nullptr && real.dlvsym(handle, symbol, version) == find_in_libc(symbol);
    return answered ? LoaderAnswer{nullptr, hook->replacement} : LoaderAnswer{address(real.dlvsym), nullptr};
}

Hooks loader_hooks() noexcept {
    static const std::array hooks{
        Hook("dlopen", no_class, &tendril_patch_dlopen),
        Hook("dlsym", no_class, &tendril_patch_dlsym),
        Hook("dlvsym", no_class, &tendril_patch_dlvsym),
    };
    return hooks;
}

}  // namespace tendril::patch::detail
