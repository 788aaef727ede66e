// SPDX-License-Identifier: MIT
//
// That CMake reads the same version: tests/package, which compares it with that of the installed package.

#include <tendril/version.hpp>

#include <sys/sysmacros.h>  // has macros major() and minor()

#include <gtest/gtest.h>

namespace tendril {
namespace {

static_assert(TENDRIL_VERSION_AT_LEAST(TENDRIL_VERSION_MAJOR, TENDRIL_VERSION_MINOR, TENDRIL_VERSION_PATCH));
static_assert(!TENDRIL_VERSION_AT_LEAST(TENDRIL_VERSION_MAJOR, TENDRIL_VERSION_MINOR, TENDRIL_VERSION_PATCH + 1));
static_assert(!TENDRIL_VERSION_AT_LEAST(TENDRIL_VERSION_MAJOR, TENDRIL_VERSION_MINOR + 1, 0));
static_assert(!TENDRIL_VERSION_AT_LEAST(TENDRIL_VERSION_MAJOR + 1, 0, 0));
static_assert(TENDRIL_VERSION_AT_LEAST(0, 0, TENDRIL_VERSION_PATCH + 1));
static_assert(LibraryVersion{0, 9, 9} < LibraryVersion{1, 0, 0} && LibraryVersion{1, 2, 9} < LibraryVersion{1, 10, 0});

TEST(Version, IsThatOfTheHeadersInALibraryOfTheSameBuild) {
    EXPECT_EQ(library_version(), header_version);
    EXPECT_EQ(library_version().major, TENDRIL_VERSION_MAJOR);
    EXPECT_EQ(library_version().minor, TENDRIL_VERSION_MINOR);
    EXPECT_EQ(library_version().patch, TENDRIL_VERSION_PATCH);
}

TEST(Version, HasAText) {
    EXPECT_EQ((LibraryVersion{1, 20, 3}.text()), "1.20.3");
}

}  // namespace
}  // namespace tendril
