// SPDX-License-Identifier: MIT
//
// What green threads and their handles refuse: each caller's mistake gets an error that says what it is.

#include <array>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "context/sanitizer.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

template <class E, class F>
std::string error_of(F f) {
    try {
        f();
    } catch (const E& e) {
        return e.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

TENDRIL_TEST(Misuse, NegativeDurations) {
    EXPECT_NE(error_of<std::invalid_argument>([] { sleep(-1ms); }).find("must not be negative"), std::string::npos);
    EXPECT_THROW(sleep(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())), std::invalid_argument);
    EXPECT_THROW(spawn_after(-1s, [] {}), std::invalid_argument);
    const auto g = spawn([] {});
    EXPECT_THROW(static_cast<void>(g.join(-1ns)), std::invalid_argument);
    g.join();
}

TENDRIL_TEST(Misuse, StackSizesOutOfBounds) {
    const std::string text = error_of<std::invalid_argument>([] { spawn({.stack_size = 1024}, [] {}); });
    EXPECT_NE(text.find("1024 bytes is out of bounds: it must be at least 32768"), std::string::npos) << text;
    EXPECT_THROW(spawn_n({.stack_size = SIZE_MAX}, [] {}), std::invalid_argument);
    EXPECT_EQ(spawn({.stack_size = 32 << 10}, [] { return 1; }).get(), 1);
    const std::array<char, 40'000> large{};
    EXPECT_THROW(spawn({.stack_size = 64 << 10}, [large] { return large[0]; }), std::invalid_argument);
}

TENDRIL_TEST(Misuse, EmptyHandles) {
    const Greenlet<int> none;
    EXPECT_FALSE(none);
    EXPECT_EQ(none, AnyGreenlet());
    EXPECT_THROW(none.get(), std::logic_error);
    EXPECT_THROW(none.join(), std::logic_error);
    EXPECT_THROW(none.kill(), std::logic_error);
    EXPECT_THROW(none.kill_nowait(), std::logic_error);
    EXPECT_THROW(none.cancel(), std::logic_error);
    EXPECT_THROW(none.exception(), std::logic_error);
    EXPECT_THROW(none.set_name("x"), std::logic_error);
    EXPECT_THROW(static_cast<void>(none.link([](const AnyGreenlet&) {})), std::logic_error);
    EXPECT_THROW(join_all(std::vector{none}), std::logic_error);
    EXPECT_THROW(kill_all(std::vector{none}), std::logic_error);
}

TENDRIL_TEST(Misuse, WaitingForOneself) {
    Greenlet<void> self;
    self = spawn([&] {
        EXPECT_THROW(self.join(), std::logic_error);
        EXPECT_THROW(self.get(), std::logic_error);
        EXPECT_THROW(join_all(std::vector{self}), std::logic_error);
        EXPECT_THROW(join_all(std::vector<AnyGreenlet>{spawn([] {}), self}), std::logic_error);
    });
    self.get();
}

TENDRIL_TEST(Misuse, AnEmptyLinkCallback) {
    const auto g = spawn([] {});
    EXPECT_THROW(static_cast<void>(g.link(nullptr)), std::invalid_argument);
    g.join();
}

// Each use of a handle or hub on an OS thread that is not its own; with and without a hub there.
TENDRIL_TEST(MisuseThreads, ForeignOsThreads) {
    const auto g = spawn([] { return 1; });
    Hub& hub = Hub::current();
    ::testing::internal::CaptureStderr();
    for (const bool with_hub : {false, true}) {
        std::thread([&] {
            if (with_hub) {
                Hub::current();
            }
            const std::string text = error_of<WrongThread>([&] { g.join(); });
            EXPECT_NE(text.find("a green thread's handle belongs to OS thread "), std::string::npos) << text;
            EXPECT_NE(text.find(" but was used from OS thread "), std::string::npos) << text;
            EXPECT_THROW(g.get(), WrongThread);
            EXPECT_THROW(g.kill(), WrongThread);
            EXPECT_THROW(g.kill_nowait(), WrongThread);
            EXPECT_THROW(g.cancel(), WrongThread);
            EXPECT_THROW(g.exception(), WrongThread);
            EXPECT_THROW(g.set_name("x"), WrongThread);
            EXPECT_THROW(static_cast<void>(g.link([](const AnyGreenlet&) {})), WrongThread);
            EXPECT_THROW(hub.set_error_handler(nullptr), WrongThread);
            std::ostringstream out;
            EXPECT_THROW(hub.dump(out), WrongThread);
        }).join();
    }
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(g.get(), 1) << "unharmed";
}

#ifndef TENDRIL_ASAN  // which would find the leak that is the price
TENDRIL_TEST(MisuseThreads, AHandleDroppedOnAForeignOsThreadIsReported) {
    auto g = spawn([] { return 1; });
    g.join();
    ::testing::internal::CaptureStderr();
    std::thread([handle = std::move(g)] {}).join();
    const std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("was dropped on OS thread "), std::string::npos) << text;
}
#endif

}  // namespace
}  // namespace tendril
