// SPDX-License-Identifier: MIT
//
// Several copies of the library in one program, each hidden in a shared object of its own (and one in this program):
// each has its own hubs and green threads, and to the others its waits are calls that block the OS thread.

#include <thread>

#include <gtest/gtest.h>

#include <tendril/greenlet.hpp>

extern "C" {
int copy_a(int n, void (*meanwhile)());
int copy_b(int n, void (*meanwhile)());
}

namespace tendril {
namespace {

constexpr int items = 100;
constexpr int sum = items * (items - 1) / 2;

TEST(HiddenCopies, InOneOsThread) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(copy_a(items, nullptr), sum);
        EXPECT_EQ(copy_b(items, nullptr), sum);
    }
}

TEST(HiddenCopies, OneInsideAGreenThreadOfTheOther) {
    EXPECT_EQ(copy_a(items, [] { EXPECT_EQ(copy_b(items, nullptr), sum); }), sum);
    EXPECT_EQ(copy_b(items, [] { EXPECT_EQ(copy_a(items, nullptr), sum); }), sum);
}

TEST(HiddenCopies, BesideTheProgramsOwn) {
    auto a = spawn([] { return copy_a(items, nullptr); });
    auto b = spawn([] { return copy_b(items, nullptr); });
    EXPECT_EQ(a.get(), sum);
    EXPECT_EQ(b.get(), sum);
}

TEST(HiddenCopiesThreads, InTwoOsThreads) {
    std::thread other([] {
        for (int i = 0; i < 20; ++i) {
            EXPECT_EQ(copy_b(items, nullptr), sum);
        }
    });
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(copy_a(items, nullptr), sum);
    }
    other.join();
}

}  // namespace
}  // namespace tendril
