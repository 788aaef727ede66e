// SPDX-License-Identifier: MIT

#ifdef __x86_64__

#include <cstdint>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/patch/patch.hpp>

#include "green_test.hpp"
#include "patch/test_library.hpp"

namespace tendril::patch {
namespace {

using testing::Library;

// It is never unloaded once a green thread has had variables of it.
struct Variables {
    Library library{"thread_locals"};
    int* (*with_value)() = library.function<int* (*)()>("thread_local_with_value");
    int* (*zero)() = library.function<int* (*)()>("thread_local_zero");
    char* (*aligned)() = library.function<char* (*)()>("thread_local_aligned");
    int* (*counted)(int*) = library.function<int* (*)(int*)>("thread_local_counted");

    explicit Variables(Classes classes = Class::keys) {
        patch::library(testing::library_path("thread_locals"), {.classes = classes});
    }
    Variables(const Variables&) = delete;
    Variables& operator=(const Variables&) = delete;
    ~Variables() { unpatch(); }
};

TENDRIL_TEST(HookedThreadLocals, AreEachGreenThreadsOwn) {
    const Variables variables;
    *variables.with_value() = 1;
    std::vector<Greenlet<void>> threads;
    for (int i = 0; i < 10; ++i) {
        threads.push_back(spawn([&variables, i] {
            int* const value = variables.with_value();
            EXPECT_EQ(*value, 42);
            EXPECT_EQ(*variables.zero(), 0);
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(variables.aligned()) % 64, 0U);
            *value = i;
            *variables.zero() = i + 1;
            yield();
            EXPECT_EQ(variables.with_value(), value);
            EXPECT_EQ(*value, i);
            EXPECT_EQ(*variables.zero(), i + 1);
        }));
    }
    for (Greenlet<void>& thread : threads) {
        thread.get();
    }
    EXPECT_EQ(*variables.with_value(), 1);
    EXPECT_EQ(*variables.zero(), 0);
}

TENDRIL_TEST(HookedThreadLocals, AreDestroyedAtTheEndOfTheirGreenThread) {
    const Variables variables;
    int destroyed = 0;
    for (int i = 1; i <= 3; ++i) {
        spawn([&] { EXPECT_EQ(*variables.counted(&destroyed), 7); }).join();
        EXPECT_EQ(destroyed, i);
    }
}

TEST(HookedThreadLocals, OfTheMainGreenThreadAreItsOsThreads) {
    const Variables variables;
    int destroyed = 0;
    std::thread([&] {
        int* const before = variables.counted(&destroyed);
        spawn([&] { EXPECT_NE(variables.counted(nullptr), before); }).join();
        EXPECT_EQ(variables.counted(&destroyed), before);
    }).join();
    EXPECT_EQ(destroyed, 1);
}

}  // namespace
}  // namespace tendril::patch

#endif
