// SPDX-License-Identifier: MIT
//
// A library that loads others, by a RUNPATH of its own, and looks their functions up.

#include <dlfcn.h>

extern "C" {

void* loads_others_open(const char* file) {
    return dlopen(file, RTLD_NOW);
}

void* loads_others_find(void* handle, const char* symbol) {
    return dlsym(handle, symbol);
}

void* loads_others_find_version(void* handle, const char* symbol, const char* version) {
    return dlvsym(handle, symbol, version);
}
}
