// SPDX-License-Identifier: MIT
//
// How a process ends: by an exception that cannot be caught, and by exit() in unusual places. Each in a child process.

#include <tendril/context.hpp>
#include <tendril/greenlet.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

using namespace std::chrono_literals;

// LeakSanitizer looks at the stack that the process ends on. When that is a green thread's, what only the main stack
// refers to seems lost. LeakSanitizer asks this function, by this name.
static bool ends_on_a_green_stack = false;
extern "C" int __lsan_is_turned_off() {
    return ends_on_a_green_stack ? 1 : 0;
}

namespace tendril {
namespace {

[[noreturn]] void exit_here(int status) {
    ends_on_a_green_stack = true;
    std::exit(status);
}

struct Speaks {
    const char* text;
    ~Speaks() { std::fprintf(stderr, "%s\n", text); }
};

void back() {
    current_context().parent().switch_to();
}

[[noreturn]] void fail() {
    throw std::runtime_error("too far");
}

// In a raw context every exception is caught at the bottom and goes to the parent; at the root it is std::thread's or
// main's.
TEST(ConformanceA, TA09_AnUncaughtExceptionEndsInTheTerminateHandler) {
    EXPECT_EXIT(
        {
            std::set_terminate([] {
                std::fputs("the terminate handler ran\n", stderr);
                std::abort();
            });
            std::thread([] {
                const Context context([](std::any) -> std::any { throw std::runtime_error("nobody's"); });
                context.switch_to();
            }).join();
        },
        ::testing::KilledBySignal(SIGABRT), "the terminate handler ran");
}

TEST(ConformanceA, TA09_AnExceptionOutOfANoexceptFrameDoesToo) {
    EXPECT_EXIT(
        {
            std::set_terminate([] {
                std::fputs("the terminate handler ran\n", stderr);
                std::abort();
            });
            const Context context([](std::any) {
                []() noexcept { fail(); }();
                return std::any();
            });
            context.switch_to();
        },
        ::testing::KilledBySignal(SIGABRT), "the terminate handler ran");
}

TEST(Exit, InsideAGreenThread) {
    EXPECT_EXIT(
        {
            spawn([] {
                const Speaks never{"unwound"};
                exit_here(7);
            }).join();
        },
        ::testing::ExitedWithCode(7), "^$");
}

TEST(Exit, InsideAGreenThreadRunsStaticDestructors) {
    EXPECT_EXIT(
        {
            static const Speaks last{"static destroyed"};
            spawn([] { sleep(1h); });
            spawn([] { exit_here(7); }).join();
        },
        ::testing::ExitedWithCode(7), "^static destroyed\n$");
}

TEST(Exit, InsideARawContext) {
    EXPECT_EXIT(
        {
            const Context suspended([](std::any) {
                const Speaks never{"unwound"};
                back();
                return std::any();
            });
            suspended.switch_to();
            const Context context([](std::any) -> std::any { exit_here(8); });
            context.switch_to();
        },
        ::testing::ExitedWithCode(8), "^$");
}

TEST(Exit, InsideARawContextOfAGreenThread) {
    EXPECT_EXIT(
        {
            spawn([] {
                const Context context([](std::any) -> std::any { exit_here(9); });
                context.switch_to();
            }).join();
        },
        ::testing::ExitedWithCode(9), "^$");
}

// exit() on the main stack ends the main thread, and with it its hub: what is suspended is unwound.
TEST(Exit, WithSuspendedGreenThreadsUnwindsThem) {
    EXPECT_EXIT(
        {
            spawn_n([] {
                const Speaks last{"unwound"};
                sleep(1h);
            });
            yield();
            std::exit(0);
        },
        ::testing::ExitedWithCode(0), "^unwound\n$");
}

TEST(ConformanceA, TA18_ExitWithSuspendedContextsUnwindsThem) {
    EXPECT_EXIT(
        {
            static Context suspended([](std::any) {  // static: destroyed after its OS thread's contexts
                const Speaks last{"unwound"};
                back();
                return std::any();
            });
            suspended.switch_to();
            std::exit(0);
        },
        ::testing::ExitedWithCode(0), "^unwound\n$");
}

TEST(ConformanceA, TA18_AlsoWithAHub) {
    EXPECT_EXIT(
        {
            static Context suspended([](std::any) {
                const Speaks last{"unwound"};
                sleep(1ms);
                back();
                return std::any();
            });
            suspended.switch_to();
            std::exit(0);
        },
        ::testing::ExitedWithCode(0), "^unwound\n$");
}

TEST(ConformanceA, TA18_QuickExitUnwindsNothing) {
    EXPECT_EXIT(
        {
            const Context suspended([](std::any) {
                const Speaks never{"unwound"};
                back();
                return std::any();
            });
            suspended.switch_to();
            std::_Exit(3);
        },
        ::testing::ExitedWithCode(3), "^$");
}

TEST(ConformanceA, TA13_ADestructorThatSwitchesAwayWhileUnwoundIsAbandoned) {
    EXPECT_EXIT(
        {
            struct Switches {
                ContextRef to;
                ~Switches() { to.switch_to(); }
            };
            auto context = std::make_unique<Context>([](std::any) {
                const Switches away{current_context().parent()};
                away.to.switch_to();
                return std::any();
            });
            context->switch_to();
            const ContextRef watch = *context;
            context.reset();
            try {
                watch.switch_to();  // its half-destroyed frames are never gone back to
            } catch (const DeadContext&) {
                std::_Exit(watch.dead() ? 0 : 1);
            }
            std::_Exit(2);
        },
        ::testing::ExitedWithCode(0), "switched away while it was unwound; its stack is abandoned");
}

}  // namespace
}  // namespace tendril
