// SPDX-License-Identifier: MIT
//
// For tests: a library of tests/patch_objects, loaded while the object lives.

#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <cstddef>
#include <string>

namespace tendril::patch::testing {

using ReadFunction = ssize_t (*)(int, void*, std::size_t);

inline std::string library_path(const std::string& name) {
    return std::string(TENDRIL_TEST_OBJECTS) + "/lib" + name + ".so";
}

class Library {
public:
    explicit Library(const std::string& name, int flags = RTLD_NOW)
        : handle_(::dlopen(library_path(name).c_str(), flags)) {
        EXPECT_NE(handle_, nullptr) << ::dlerror();
    }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    ~Library() { ::dlclose(handle_); }

    template <class F>
    F function(const char* name) const {
        void* const found = ::dlsym(handle_, name);
        EXPECT_NE(found, nullptr) << name;
        return reinterpret_cast<F>(found);
    }
    ReadFunction reader(const char* name) const { return function<ReadFunction>(name); }

private:
    void* handle_;
};

}  // namespace tendril::patch::testing
