// SPDX-License-Identifier: MIT

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include <tendril/patch/patch.hpp>

#include "patch/hooked_call.hpp"
#include "patch/patches.hpp"
#include "patch/test_library.hpp"

namespace tendril::patch {
namespace {

using testing::Library;
using testing::library_path;
using testing::replacement_of;

// A library that loads others; patched, so that it does so by the hooks.
struct Loader {
    Library library{"loads_others"};
    void* (*open)(const char*) = library.function<void* (*)(const char*)>("loads_others_open");
    void* (*find)(void*, const char*) = library.function<void* (*)(void*, const char*)>("loads_others_find");
    void* (*find_version)(void*, const char*, const char*) =
        library.function<void* (*)(void*, const char*, const char*)>("loads_others_find_version");

    explicit Loader(const Options& options = {}) { patch::library("libloads_others", options); }
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;
    ~Loader() { unpatch(); }
};

std::size_t slots_in(const std::string& file) {
    std::size_t n = 0;
    detail::Patches::of_process().visit([&](const detail::ElfObject& object, const detail::Patches::Patched* patched) {
        if (object.file() == file && patched != nullptr) {
            n = patched->slots.size();
        }
    });
    return n;
}

TEST(PatchedLoader, TheCallersRunpathCounts) {
    const Loader loader;
    EXPECT_EQ(::dlopen("libnested.so", RTLD_NOW), nullptr);  // not from here
    void* const nested = loader.open("libnested.so");
    ASSERT_NE(nested, nullptr) << ::dlerror();
    EXPECT_NE(loader.find(nested, "reader_call"), nullptr);
    ::dlclose(nested);
    EXPECT_EQ(loader.open("no-such-library.so"), nullptr);
    EXPECT_NE(std::string(::dlerror()).find("no-such-library.so"), std::string::npos);
    EXPECT_EQ(loader.open("/no/such/library.so"), nullptr);
    EXPECT_NE(std::string(::dlerror()).find("/no/such/library.so"), std::string::npos);
    void* const program = loader.open(nullptr);
    EXPECT_NE(program, nullptr);
    ::dlclose(program);
}

TEST(PatchedLoader, WhatIsLookedUpIsTheHook) {
    const Loader loader({.except = Class::keys});
    void* const c_library = ::dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
    void* const hook = replacement_of("read");
    for (void* handle : {RTLD_DEFAULT, RTLD_NEXT, c_library}) {
        EXPECT_EQ(loader.find(handle, "read"), hook);
        EXPECT_EQ(loader.find(handle, "getpid"), reinterpret_cast<void*>(&::getpid));
        EXPECT_EQ(loader.find(handle, "pthread_getspecific"), ::dlsym(handle, "pthread_getspecific"));
        EXPECT_EQ(loader.find(handle, "no_such_function"), nullptr);
        EXPECT_NE(std::string(::dlerror()).find("no_such_function"), std::string::npos);
    }
#ifdef __x86_64__
    EXPECT_EQ(loader.find_version(c_library, "read", "GLIBC_2.2.5"), hook);
    EXPECT_EQ(loader.find_version(c_library, "getpid", "GLIBC_2.2.5"), reinterpret_cast<void*>(&::getpid));
#endif
    EXPECT_EQ(loader.find_version(c_library, "read", "GLIBC_0.0"), nullptr);
    ::dlclose(c_library);
}

TEST(PatchedLoader, AnotherObjectsFunctionOfTheNameIsLeft) {
    const Loader loader;
    void* const interposer = ::dlopen(library_path("interposer").c_str(), RTLD_NOW);
    ASSERT_NE(interposer, nullptr);
    EXPECT_EQ(loader.find(interposer, "read"), ::dlsym(interposer, "read"));
    ::dlclose(interposer);
}

TEST(PatchedLoader, WhatIsLoadedLaterIsPatched) {
    const Loader loader;
    {
        const Library before("reader_now");
        patch::library("libreader_now");
        EXPECT_GT(slots_in("libreader_now.so"), 0U);
    }
    void* const again = loader.open(library_path("reader_now").c_str());
    ASSERT_NE(again, nullptr);
    EXPECT_GT(slots_in("libreader_now.so"), 0U);
    ::dlclose(again);
}

TEST(PatchedLoader, AnUnpatchedCallerGetsThePlainFunction) {
    const Loader loader;
    EXPECT_EQ(TENDRIL_HOOKED(dlsym)(RTLD_DEFAULT, "read"), reinterpret_cast<void*>(&::read));
}

}  // namespace
}  // namespace tendril::patch
