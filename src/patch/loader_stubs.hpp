// SPDX-License-Identifier: MIT
//
// The entries of the loader's hooks, in assembly. Each calls its answer_ function with its own arguments and its return
// address, and then returns the answer, or jumps to the function that is to be called, as if that had been called in
// the first place. Elsewhere than on x86-64 and aarch64 they call it, and the caller's RUNPATH does not count.

#pragma once

namespace tendril::patch::detail {

struct LoaderAnswer {
    void* jump_to;  // nullptr: return `result`
    void* result;
};

extern "C" {
void* tendril_patch_dlopen(const char* file, int flags);
void* tendril_patch_dlsym(void* handle, const char* symbol);
void* tendril_patch_dlvsym(void* handle, const char* symbol, const char* version);
}

[[gnu::used, gnu::visibility("hidden")]] LoaderAnswer answer_dlopen(const char* file, int flags, const void* unused,
                                                                    const void* caller) noexcept
    asm("tendril_patch_answer_dlopen");
[[gnu::used, gnu::visibility("hidden")]] LoaderAnswer answer_dlsym(void* handle, const char* symbol, const void* unused,
                                                                   const void* caller) noexcept
    asm("tendril_patch_answer_dlsym");
[[gnu::used, gnu::visibility("hidden")]] LoaderAnswer answer_dlvsym(void* handle, const char* symbol,
                                                                    const char* version, const void* caller) noexcept
    asm("tendril_patch_answer_dlvsym");

}  // namespace tendril::patch::detail
