// SPDX-License-Identifier: MIT
//
// Each way by which code may reach the C library, with the real hooks: a blocking read suspends its green thread, or
// the report says what is not covered.

#include <tendril/patch/report.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/patch/patch.hpp>
#include <tendril/patch/real.hpp>

#include "base/libc.hpp"
#include "green_test.hpp"
#include "patch/test_library.hpp"

namespace tendril::patch {
namespace {

using testing::Library;
using testing::ReadFunction;

// Takes all patches back at the end of a test.
struct Unpatched {
    Unpatched() = default;
    Unpatched(const Unpatched&) = delete;
    Unpatched& operator=(const Unpatched&) = delete;
    ~Unpatched() { unpatch(); }
};

bool has(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// Whether a read from an empty pipe lets another green thread write to it.
bool suspends(ReadFunction read) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    bool wrote = false;
    bool right = false;
    auto reader = spawn([&] {
        char byte = 0;
        const ssize_t got = read(ends[0], &byte, 1);
        right = wrote && got == 1 && byte == 'x';
    });
    auto writer = spawn([&] {
        wrote = true;
        EXPECT_EQ(real::write(ends[1], "x", 1), 1);
    });
    reader.join();
    writer.join();
    real::close(ends[0]);
    real::close(ends[1]);
    return right;
}

TENDRIL_TEST(PatchCoverage, EveryKindOfCallSuspends) {
    for (const char* kind : {"reader_lazy", "reader_now", "reader_no_plt", "reader_no_relro", "reader_constructor"}) {
        for (const int flags : {RTLD_NOW, RTLD_LAZY, RTLD_NOW | RTLD_DEEPBIND}) {
            const Unpatched guard;
            const Library object(kind, flags);
            library(std::string("lib") + kind);
            for (const char* call : {"reader_call", "reader_by_table", "reader_by_address"}) {
                EXPECT_TRUE(suspends(object.reader(call))) << kind << " " << call << " " << flags;
            }
        }
    }
}

TENDRIL_TEST(PatchCoverage, TheRealFunctionsStayPlain) {
    const Unpatched guard;
    program();
    char byte = 0;
    EXPECT_EQ(real::read(-1, &byte, 1), -1);
    EXPECT_EQ(errno, EBADF);
    EXPECT_NE(reinterpret_cast<void*>(real::read.function()), nullptr);
    EXPECT_EQ(reinterpret_cast<void*>(real::read.function()), tendril::detail::find_in_libc("read"));
}

TEST(PatchReport, CountsSlotsByClass) {
    const Unpatched guard;
    const Library object("reader_now");
    library("libreader_now");
    const Report all_of_it = report();
    const ObjectReport* const found = all_of_it.find("libreader_now");
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->classes, Classes::all());
    EXPECT_EQ(found->slots_of(Class::io), found->slot_count());
    EXPECT_GE(found->slot_count(), 3U) << "read and close in the table, and the call of read";
    EXPECT_TRUE(found->uncovered.empty());
    EXPECT_TRUE(found->blocking.empty());
    EXPECT_EQ(found->raw_syscalls, 0U);
    EXPECT_FALSE(found->has_constructors);
    const ObjectReport* const libc_so = all_of_it.find("libc");
    ASSERT_NE(libc_so, nullptr);
    EXPECT_TRUE(libc_so->left_alone);
}

TEST(PatchReport, NamesWhatIsNotCovered) {
    const Unpatched guard;
    const Library object("needs_reader");
    const Library raw("reader_constructor");
    const Library interposed("reader_interposed", RTLD_NOW | RTLD_DEEPBIND);
    library("libneeds_reader");
    library("libreader_constructor", {.classes = Class::sleep});
    library("libreader_interposed");
    const Report all_of_it = report();

    const ObjectReport* const needs = all_of_it.find("libneeds_reader");
    ASSERT_NE(needs, nullptr);
    EXPECT_TRUE(has(needs->uncovered, "semop"));

    const ObjectReport* const constructor = all_of_it.find("libreader_constructor");
    ASSERT_NE(constructor, nullptr);
    EXPECT_TRUE(constructor->has_constructors);
    EXPECT_GE(constructor->raw_syscalls, 1U);
    EXPECT_EQ(constructor->blocking, (std::vector<std::string>{"close", "read"})) << "classes that were left out";

    const ObjectReport* const taken = all_of_it.find("libreader_interposed");
    ASSERT_NE(taken, nullptr);
    EXPECT_EQ(taken->taken, std::vector<std::string>{"read"});

    std::ostringstream text;
    text << all_of_it;
    EXPECT_NE(text.str().find("no hook:  semop\n"), std::string::npos) << text.str();
    EXPECT_NE(text.str().find("left out: close read\n"), std::string::npos);
    EXPECT_NE(text.str().find("taken:    read\n"), std::string::npos);
    EXPECT_NE(text.str().find("look like system calls"), std::string::npos);
    EXPECT_NE(text.str().find("constructors"), std::string::npos);
}

TEST(PatchReport, NamesWhatBlocksWhereNothingIsPatched) {
    const Library object("reader_lazy");
    const Report all_of_it = report();
    const ObjectReport* const found = all_of_it.find("libreader_lazy");
    ASSERT_NE(found, nullptr);
    EXPECT_TRUE(found->classes.empty());
    EXPECT_TRUE(has(found->blocking, "read"));
}

int status_of(const std::string& command) {
    const int status = std::system((command + " > /dev/null").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(PatchProgram, ReadsSuspendHoweverItIsLinked) {
    EXPECT_EQ(status_of(TENDRIL_PROGRAM_FULL_RELRO), 0);
    EXPECT_EQ(status_of(TENDRIL_PROGRAM_PARTIAL_RELRO), 0);
    EXPECT_EQ(status_of(TENDRIL_PROGRAM_POSITION_DEPENDENT), 0);
}

TEST(PatchProgram, ThreadsOfTheCxxLibraryAreGreen) {
    EXPECT_EQ(status_of(TENDRIL_PROGRAM_CXX_THREADS), 0);
}

#ifdef TENDRIL_PROGRAM_STATIC
TEST(PatchProgram, AStaticOneIsRefused) {
    EXPECT_EQ(status_of(TENDRIL_PROGRAM_STATIC), 3);
}
#endif

}  // namespace
}  // namespace tendril::patch
