// SPDX-License-Identifier: MIT

#include "context/outermost_handler.hpp"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include <gtest/gtest.h>

namespace tendril::detail {
namespace {

struct Base {
    virtual ~Base() = default;
};
struct Derived : Base {};

struct Unwound {
    ~Unwound() { std::fprintf(stderr, "unwound, %d\n", std::uncaught_exceptions()); }
};

// Runs on a stack below which nothing catches; GoogleTest catches in main().
void on_a_bare_stack(void (*body)()) {
    pthread_t thread{};
    pthread_create(
        &thread, nullptr,
        [](void* run) -> void* {
            reinterpret_cast<void (*)()>(run)();
            return nullptr;
        },
        reinterpret_cast<void*>(body));
    pthread_join(thread, nullptr);
}

template <class E>
void throws() {
    if (!have_outermost_handler(nullptr, typeid(Base), [] {
            std::fputs("landed\n", stderr);
            ::_exit(7);
        })) {
        std::fputs("no handler\n", stderr);
        ::_exit(8);
    }
    const Unwound unwound;
    try {
        throw E();
    } catch (const std::logic_error&) {
        std::fputs("caught\n", stderr);
    } catch (...) {
        throw;
    }
}

TEST(OutermostHandlerThreads, AnExceptionThatNobodyCatchesUnwindsAndArrivesThere) {
    EXPECT_EXIT(on_a_bare_stack(&throws<Base>), ::testing::ExitedWithCode(7), "^unwound, 1\nlanded\n$");
}

TEST(OutermostHandlerThreads, ADerivedOneToo) {
    EXPECT_EXIT(on_a_bare_stack(&throws<Derived>), ::testing::ExitedWithCode(7), "^unwound, 1\nlanded\n$");
}

struct Other {};

TEST(OutermostHandlerThreads, OthersTerminate) {
    EXPECT_EXIT(
        {
            std::set_terminate([] {
                std::fputs("terminated\n", stderr);
                ::_exit(9);
            });
            on_a_bare_stack(&throws<Other>);
        },
        ::testing::ExitedWithCode(9), "terminated\n$");
}

}  // namespace
}  // namespace tendril::detail
