// SPDX-License-Identifier: MIT

#include "patch/patches.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include <tendril/patch/patch.hpp>

#include "base/libc.hpp"
#include "patch/page_protection.hpp"
#include "patch/test_library.hpp"

namespace tendril::patch {
namespace {

using detail::Hook;
using detail::Hooks;
using detail::Patches;
using tendril::detail::libc;
using testing::Library;
using testing::library_path;
using testing::ReadFunction;

std::atomic<int> reads{0};
std::atomic<int> closes{0};

ssize_t counted_read(int fd, void* to, std::size_t n) noexcept {
    ++reads;
    return libc.read(fd, to, n);
}
int counted_close(int fd) noexcept {
    ++closes;
    return libc.close(fd);
}

const std::array<Hook, 2> counting{Hook("read", Class::io, &counted_read), Hook("close", Class::sync, &counted_close)};
const std::array<Hooks, 1> table{Hooks(counting)};

// Returns whether a call of `f` ends in the hook. It must read right in either case.
bool counts(ReadFunction f) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::write(ends[1], "x", 1), 1);
    const int before = reads;
    char byte = 0;
    EXPECT_EQ(f(ends[0], &byte, 1), 1);
    EXPECT_EQ(byte, 'x');
    libc.close(ends[0]);
    libc.close(ends[1]);
    return reads == before + 1;
}

class PatchesOf : public ::testing::TestWithParam<const char*> {};

TEST_P(PatchesOf, EveryKindOfCallIsFoundAndTakenBack) {
    Patches patches(table);
    const Library library(GetParam());
    for (const char* name : {"reader_call", "reader_by_table", "reader_by_address"}) {
        EXPECT_FALSE(counts(library.reader(name))) << name;
    }
    patches.library(std::string("lib") + GetParam(), Classes::all(), {"read"});
    for (const char* name : {"reader_call", "reader_by_table", "reader_by_address"}) {
        EXPECT_TRUE(counts(library.reader(name))) << name;
    }
    patches.unpatch();
    for (const char* name : {"reader_call", "reader_by_table", "reader_by_address"}) {
        EXPECT_FALSE(counts(library.reader(name))) << name;
    }
}

TEST_P(PatchesOf, BeforeTheFirstCall) {
    Patches patches(table);
    const Library library(GetParam(), RTLD_LAZY);
    patches.library(std::string("lib") + GetParam(), Class::io, {});
    EXPECT_TRUE(counts(library.reader("reader_call")));
    patches.unpatch();
    EXPECT_FALSE(counts(library.reader("reader_call")));
}

TEST_P(PatchesOf, DeepBind) {
    Patches patches(table);
    const Library library(GetParam(), RTLD_NOW | RTLD_DEEPBIND);
    patches.library(std::string("lib") + GetParam(), Class::io, {});
    EXPECT_TRUE(counts(library.reader("reader_call")));
    EXPECT_TRUE(counts(library.reader("reader_by_table")));
}

TEST_P(PatchesOf, ReadOnlyPagesStayReadOnly) {
    Patches patches(table);
    const Library library(GetParam());
    std::vector<detail::AddressRange> was;
    detail::with_loaded_objects([&](const std::vector<detail::ElfObject>& objects) {
        const detail::PageProtection now;
        for (const detail::ElfObject& object : objects) {
            if (!object.relro().empty() && !now.is_writable(object.relro())) {
                was.push_back(object.relro());
            }
        }
    });
    EXPECT_FALSE(was.empty());
    patches.library(std::string("lib") + GetParam(), Class::io, {});
    const detail::PageProtection now;
    for (const detail::AddressRange& range : was) {
        EXPECT_FALSE(now.is_writable(range));
    }
}

INSTANTIATE_TEST_SUITE_P(Kinds, PatchesOf,
                         ::testing::Values("reader_lazy", "reader_now", "reader_no_plt", "reader_no_relro",
                                           "reader_constructor"),
                         [](const auto& kind) { return std::string(kind.param); });

TEST(Patches, TheClosureIsPatchedAndNothingElse) {
    Patches patches(table);
    const Library library("needs_reader");
    const Library other("reader_now");
    patches.library("libneeds_reader", Class::io, {});
    EXPECT_TRUE(counts(library.reader("needs_reader_call")));
    EXPECT_FALSE(counts(other.reader("reader_call")));
}

TEST(Patches, ClassesAreAddedLater) {
    Patches patches(table);
    const Library library("needs_reader");
    const auto close_in_it = library.function<int (*)(int)>("needs_reader_close");
    patches.library("libneeds_reader", Class::io, {});
    int before = closes;
    close_in_it(-1);
    EXPECT_EQ(closes, before);
    patches.library("libneeds_reader", Class::sync, {});
    close_in_it(-1);
    EXPECT_EQ(closes, before + 1);
    EXPECT_TRUE(counts(library.reader("needs_reader_call"))) << "the first class stays";
    patches.library("libneeds_reader", Class::sync, {});
    patches.unpatch();
    before = closes;
    close_in_it(-1);
    EXPECT_EQ(closes, before);
}

TEST(Patches, WhatIsLoadedLater) {
    Patches patches(table);
    patches.all(Class::io, {});
    const Library library("reader_no_plt");
    EXPECT_FALSE(counts(library.reader("reader_call"))) << "nobody has looked";
    patches.look();
    EXPECT_TRUE(counts(library.reader("reader_call")));
}

TEST(Patches, WhatIsUnloadedAndLoadedAgain) {
    Patches patches(table);
    for (int round = 0; round < 3; ++round) {
        const Library library("reader_now");
        if (round == 0) {
            patches.library("libreader_now", Class::io, {});
        }
        patches.look();
        EXPECT_TRUE(counts(library.reader("reader_call"))) << round;
        EXPECT_TRUE(counts(library.reader("reader_by_table"))) << round;
    }
    patches.unpatch();  // of what is not loaded now
}

TEST(Patches, TheProgramItself) {
    Patches patches(table);
    ReadFunction volatile pointer = &::read;
    const auto by_call = [](int fd, void* to, std::size_t n) { return ::read(fd, to, n); };
    EXPECT_FALSE(counts(by_call));
    patches.program(Class::io, {"read"});
    EXPECT_TRUE(counts(by_call));
    EXPECT_TRUE(counts(pointer) || pointer != &::read) << "an address that was taken before stays";
    const int before = reads;
    char byte = 0;
    EXPECT_EQ(libc.read(-1, &byte, 1), -1);
    EXPECT_EQ(reads, before) << "our own calls stay plain";
    patches.unpatch();
    EXPECT_FALSE(counts(by_call));
}

TEST(Patches, ASlotThatIsTakenStays) {
    Patches patches(table);
    const Library library("reader_interposed", RTLD_NOW | RTLD_DEEPBIND);
    patches.library("libreader_interposed", Class::io, {});
    char byte = 0;
    EXPECT_EQ(library.reader("reader_call")(-1, &byte, 1), 4711);
    bool found = false;
    patches.visit([&found](const detail::ElfObject& object, const Patches::Patched* patched) {
        if (object.soname() == "libreader_interposed.so") {
            found = patched != nullptr && patched->taken.count("read") != 0 && patched->taken.size() == 1;
        }
    });
    EXPECT_TRUE(found) << "and it is said";
}

std::string error_of(const std::function<void()>& f) {
    try {
        f();
    } catch (const Error& error) {
        return error.what();
    }
    return "none";
}

TEST(Patches, ErrorsSayWhatIsWrong) {
    Patches patches(table);
    const Library library("needs_reader");
    EXPECT_NE(error_of([&] { patches.library("libneds_reader", Class::io, {}); }).find("libneeds_reader.so"),
              std::string::npos);
    EXPECT_NE(error_of([&] { patches.library("libneeds", Class::io, {}); }).find("no loaded library"),
              std::string::npos)
        << "part of a name is not the name";
    EXPECT_NE(error_of([&] { patches.library("libc", Class::io, {}); }).find("never patched"), std::string::npos);
    EXPECT_NE(error_of([&] { patches.library("libneeds_reader", Class::io, {"write"}); }).find("no hook"),
              std::string::npos);
    EXPECT_NE(error_of([&] { patches.library("libneeds_reader", Class::io, {"close"}); }).find("left out"),
              std::string::npos);
    EXPECT_FALSE(counts(library.reader("needs_reader_call"))) << "after an error, nothing was changed";
    EXPECT_EQ(error_of([&] { patches.library(library_path("needs_reader"), Class::io, {"read"}); }), "none");
    EXPECT_TRUE(counts(library.reader("needs_reader_call"))) << "by its path";
}

TEST(PatchesThreads, CallsMeanwhileMakeTheOneOrTheOther) {
    Patches patches(table);
    const Library library("reader_lazy", RTLD_LAZY);
    std::atomic<bool> stop{false};
    std::atomic<int> wrong{0};
    struct Caller {
        ReadFunction f;
        std::atomic<bool>* stop;
        std::atomic<int>* wrong;
    };
    const auto run = [](void* argument) -> void* {
        const auto& [f, stopping, failures] = *static_cast<const Caller*>(argument);
        char byte = 0;
        while (!stopping->load()) {
            failures->fetch_add(f(-1, &byte, 1) == -1 ? 0 : 1);
        }
        return nullptr;
    };
    Caller argument{library.reader("reader_by_table"), &stop, &wrong};
    std::array<pthread_t, 2> callers{};
    for (pthread_t& caller : callers) {
        ASSERT_EQ(libc.pthread_create(&caller, nullptr, run, &argument), 0);
    }
    for (int round = 0; round < 100; ++round) {
        patches.library("libreader_lazy", Class::io, {});
        patches.unpatch();
    }
    stop = true;
    for (const pthread_t caller : callers) {
        libc.pthread_join(caller, nullptr);
    }
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace tendril::patch
