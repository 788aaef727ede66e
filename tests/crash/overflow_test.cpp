// SPDX-License-Identifier: MIT
//
// Stack overflows and other faults, each in a child process: what is printed, and what the process ends by.

#include <tendril/context.hpp>
#include <tendril/greenlet.hpp>

#include <csignal>
#include <cstring>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace tendril {
namespace {

// Uses up any stack; its frames are smaller than the guard.
[[gnu::noinline]] int dig(int depth) {
    volatile char frame[1024];
    frame[0] = static_cast<char>(depth);
    return depth == 0 ? 0 : dig(depth + 1) + frame[0];
}

TEST(Overflow, OfAGreenThreadNamesIt) {
    EXPECT_EXIT(
        {
            auto victim = spawn({.name = "digger", .stack_size = 64 << 10}, [] { dig(1); });
            victim.join();
        },
        ::testing::KilledBySignal(SIGABRT),
        "tendril: stack overflow in green thread [0-9]+ \"digger\" \\(stack of 64 KiB\\), spawned at "
        ".*overflow_test.cpp:[0-9]+\ntendril: give it a larger stack");
}

TEST(Overflow, OfAGreenThreadWithoutANameOrAHandle) {
    EXPECT_EXIT(
        {
            spawn_n([] { dig(1); });
            yield();
        },
        ::testing::KilledBySignal(SIGABRT),
        "stack overflow in green thread [0-9]+ \\(stack of 256 KiB\\), spawned at .*overflow_test.cpp:[0-9]+\n");
}

TEST(Overflow, OfARawContextNamesIt) {
    EXPECT_EXIT(
        {
            const Context context([](std::any) { return std::any(dig(1)); }, {.stack_size = 128 << 10});
            context.switch_to();
        },
        ::testing::KilledBySignal(SIGABRT),
        "stack overflow in context [0-9]+ \\(stack of 128 KiB\\), made at .*overflow_test.cpp:[0-9]+\n");
}

// Larger than any guard, and touched at its far end alone. -fstack-clash-protection comes with the library's target.
[[gnu::noinline]] int large_frame(int n) {
    volatile char frame[4 << 20];
    asm volatile("" : : "r"(frame) : "memory");  // or Clang makes it as large as what is touched
    frame[0] = static_cast<char>(n);
    return frame[0];
}

TEST(Overflow, OfAFrameLargerThanTheGuardNamesIt) {
    EXPECT_EXIT(
        {
            std::vector<Greenlet<void>> neighbours;
            for (int i = 0; i < 40; ++i) {
                neighbours.push_back(spawn({.name = "neighbour"}, [] { yield(); }));
            }
            spawn({.name = "large"}, [] { large_frame(1); }).join();
        },
        ::testing::KilledBySignal(SIGABRT), "stack overflow in green thread [0-9]+ \"large\" \\(stack of 256 KiB\\)");
}

TEST(Overflow, OfALargeFrameInARawContextOfAGreenThreadNamesTheContext) {
    EXPECT_EXIT(
        {
            spawn([] {
                const Context context([](std::any) { return std::any(large_frame(1)); });
                context.switch_to();
            }).join();
        },
        ::testing::KilledBySignal(SIGABRT), "stack overflow in context [0-9]+ ");
}

TEST(Overflow, OfAVariableFrameNamesIt) {
    EXPECT_EXIT(
        {
            volatile std::size_t size = 4 << 20;
            spawn({.name = "variable"}, [&] { *static_cast<volatile char*>(__builtin_alloca(size)) = 1; }).join();
        },
        ::testing::KilledBySignal(SIGABRT), "stack overflow in green thread [0-9]+ \"variable\"");
}

#if defined(__x86_64__) || defined(__aarch64__)
// As code that was compiled without probes does: from the upper of two neighbours into the guard of the lower.
[[gnu::noinline]] void jump_down(std::size_t bytes) {
#if defined(__x86_64__)
    asm volatile("movq %%rsp, %%rbx\n\tsubq %0, %%rsp\n\tmovb $1, (%%rsp)\n\tmovq %%rbx, %%rsp"
                 :
                 : "r"(bytes)
                 : "rbx", "memory");
#else
    asm volatile("mov x19, sp\n\tsub x20, x19, %0\n\tmov sp, x20\n\tstrb wzr, [sp]\n\tmov sp, x19"
                 :
                 : "r"(bytes)
                 : "x19", "x20", "memory");
#endif
}

TEST(Overflow, OfAFrameThatJumpedIntoANeighbourNamesWhoRan) {
    EXPECT_EXIT(
        {
            auto lower = spawn({.name = "neighbour"}, [] { yield(); });
            spawn({.name = "jumper"}, [] { jump_down(2 << 20); }).join();
        },
        ::testing::KilledBySignal(SIGABRT),
        "stack overflow in green thread [0-9]+ \"jumper\" .*by a frame that reaches [0-9]+ KiB below its stack");
}
#endif

// Nobody's stack has overflowed.
TEST(Overflow, AStrayPointerIntoAGuardNamesBoth) {
    EXPECT_EXIT(
        {
            volatile char* inside = nullptr;
            auto lower = spawn({.name = "neighbour"}, [&] {
                inside = static_cast<volatile char*>(__builtin_frame_address(0));
                yield();
            });
            spawn({.name = "stray"}, [&] { inside[-(512 << 10)] = 1; }).join();
        },
        ::testing::KilledBySignal(SIGABRT),
        "the guard below the stack of green thread [0-9]+ \"neighbour\" .* was touched by green thread [0-9]+ "
        "\"stray\" .*stray pointer");
}

// The one that overflows is found among many, in whichever OS thread it is.
TEST(OverflowThreads, InOneOfSeveralOsThreads) {
    EXPECT_EXIT(
        {
            std::vector<std::thread> pool;
            for (int i = 0; i < 4; ++i) {
                pool.emplace_back([i] {
                    std::vector<Greenlet<void>> all;
                    for (int n = 0; n < 20; ++n) {
                        all.push_back(spawn({.name = "worker " + std::to_string(i * 100 + n)}, [i, n] {
                            yield();
                            if (i == 2 && n == 7) {
                                dig(1);
                            }
                        }));
                    }
                    join_all(all);
                });
            }
            for (std::thread& thread : pool) {
                thread.join();
            }
        },
        ::testing::KilledBySignal(SIGABRT), "stack overflow in green thread [0-9]+ \"worker 207\"");
}

// In the lowest page, which is never mapped; not null, which UBSan would find first.
volatile int* volatile nowhere = reinterpret_cast<volatile int*>(64);

TEST(Fault, AnOrdinaryOneEndsTheProcessBySigsegv) {
    EXPECT_EXIT(
        {
            std::signal(SIGSEGV, SIG_DFL);  // a sanitizer's handler would be the previous one
            spawn([] { *nowhere = 1; }).join();
        },
        ::testing::KilledBySignal(SIGSEGV), "");
}

TEST(Fault, OneThatWasRaisedEndsTheProcessToo) {
    EXPECT_EXIT(
        {
            std::signal(SIGSEGV, SIG_DFL);
            spawn([] { std::raise(SIGSEGV); }).join();
            std::_Exit(1);
        },
        ::testing::KilledBySignal(SIGSEGV), "");
}

TEST(Fault, AnOrdinaryOneReachesThePreviousHandler) {
    EXPECT_EXIT(
        {
            struct sigaction action {};
            action.sa_flags = SA_SIGINFO;
            action.sa_sigaction = [](int, siginfo_t* info, void*) { ::_exit(info->si_addr == nowhere ? 3 : 4); };
            ::sigaction(SIGSEGV, &action, nullptr);
            spawn([] { *nowhere = 1; }).join();
        },
        ::testing::ExitedWithCode(3), "");
}

// The plain kind of handler, and a fault on a stack that is no green thread's.
TEST(Fault, AnOrdinaryOneOnTheMainStackReachesThePreviousHandler) {
    EXPECT_EXIT(
        {
            std::signal(SIGSEGV, [](int) { ::_exit(5); });
            spawn([] {}).join();
            *nowhere = 1;
        },
        ::testing::ExitedWithCode(5), "");
}

}  // namespace
}  // namespace tendril
