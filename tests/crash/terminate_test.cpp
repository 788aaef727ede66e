// SPDX-License-Identifier: MIT
//
// std::terminate() in a green thread: which one it was, by what, and what to do instead. Each in a child process.

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>
#include <tendril/shield.hpp>
#include <tendril/timeout.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace tendril {
namespace {

const auto aborts = ::testing::KilledBySignal(SIGABRT);

// As the first line has it, then the advice, with `advice` in it, then where.
std::string says(const std::string& first, const std::string& advice) {
    return "^tendril: std::terminate\\(\\) in " + first + "\ntendril: [^\n]*" + advice +
           "[^\n]*\ntendril:     [^\n]+\n";
}

// Where the compiler does not see it coming.
template <class E>
[[noreturn, gnu::noinline]] void fail(E error) {
    throw error;
}

struct Waits {
    ~Waits() { sleep(1h); }
};

TEST(Terminate, AKillIntoADestructorThatWaitsNamesTheShield) {
    EXPECT_EXIT(
        {
            auto victim = spawn({.name = "worker"}, [] { const Waits waits; });
            yield();
            victim.kill();
        },
        aborts,
        says("green thread [0-9]+ \"worker\" \\(stack of [0-9]+ KiB\\), spawned at .*terminate_test.cpp:[0-9]+: "
             "tendril::GreenletExit: [^\n]+",
             "destructors are: one that waits needs a tendril::Shield"));
}

TEST(Terminate, AnErrorOutOfANoexceptFunctionIsNamed) {
    EXPECT_EXIT({ spawn([] { []() noexcept { fail(std::runtime_error("too far")); }(); }).join(); }, aborts,
                says("green thread [0-9]+ \\(stack of [0-9]+ KiB\\), spawned at .*terminate_test.cpp:[0-9]+: "
                     "std::runtime_error: too far",
                     "noexcept, as destructors are: catch it there"));
}

TEST(Terminate, SomethingThrownThatIsNoErrorIsNamedByItsType) {
    EXPECT_EXIT(
        {
            spawn_n([] { []() noexcept { fail(5); }(); });
            yield();
        },
        aborts, says("green thread [^\n]+: an exception of type int", "catch it there"));
}

TEST(Terminate, ShutDownOutOfADestructorIsNamed) {
    EXPECT_EXIT(
        {
            Queue<int> queue;
            queue.shutdown();
            spawn([&] {
                struct Puts {
                    Queue<int>& queue;
                    ~Puts() { queue.put(1); }
                } const puts{queue};
            }).join();
        },
        aborts, says("green thread [^\n]+: tendril::ShutDown: [^\n]+", "catch it there"));
}

TEST(Terminate, WithoutAnExceptionItSaysSo) {
    EXPECT_EXIT(spawn([] { std::terminate(); }).join(), aborts,
                says("green thread [^:]+:[0-9]+", "no exception is being handled"));
}

TEST(Terminate, AnInterruptThatLeavesAnOsThreadIsExplained) {
    EXPECT_EXIT(std::thread([] {
                    const Timeout timeout(1ms);
                    sleep(1h);
                }).join(),
                aborts, says("the main green thread of its OS thread: tendril::Timeout[^\n]*", "tendril::Interrupt"));
}

TEST(Terminate, CtrlCThatMeetsANoexceptFunctionIsExplained) {
    EXPECT_EXIT(
        {
            ::signal(SIGINT, SIG_DFL);  // a shell ignores it for what runs in the background
            yield();
            ::raise(SIGINT);
            []() noexcept { sleep(1h); }();
        },
        aborts,
        says("the main green thread of its OS thread: tendril::KeyboardInterrupt: [^\n]+", "needs a tendril::Shield"));
}

// Others are the program's own affair there.
TEST(Terminate, AnErrorThatLeavesAnOsThreadIsNot) {
    EXPECT_EXIT(
        {
            std::set_terminate([] {
                std::fputs("the program's\n", stderr);
                std::abort();
            });
            std::thread([] {
                yield();
                fail(std::runtime_error("too far"));
            }).join();
        },
        aborts, "^the program's\n$");
}

TEST(Terminate, TheProgramsOwnHandlerIsCalledAfterwards) {
    EXPECT_EXIT(
        {
            std::set_terminate([] {
                std::fputs("the program's\n", stderr);
                std::_Exit(3);
            });
            spawn([] { std::terminate(); }).join();
        },
        ::testing::ExitedWithCode(3), "tendril: std::terminate\\(\\) in green thread.*\nthe program's\n$");
}

TEST(Terminate, OneThatTheProgramSetsLaterStandsAlone) {
    EXPECT_EXIT(
        {
            yield();
            std::set_terminate([] {
                std::fputs("the program's\n", stderr);
                std::_Exit(3);
            });
            spawn([] { std::terminate(); }).join();
        },
        ::testing::ExitedWithCode(3), "^the program's\n$");
}

}  // namespace
}  // namespace tendril
