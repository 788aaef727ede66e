// SPDX-License-Identifier: MIT
//
// The blocking watch. What is waited for is the report itself; nothing here is late that comes late.

#include <tendril/blocking_watch.hpp>

#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tendril/context.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "context/flow.hpp"
#include "green_test.hpp"
#include "hub/heartbeat.hpp"
#include "hub/hub_core.hpp"

using namespace std::chrono_literals;

namespace tendril {

// The flag is an atomic: ThreadSanitizer delivers signals when a thread touches one.
volatile int culprit_sink = 0;
[[gnu::noinline]] void culprit(const std::atomic<int>& reports, int wanted) {
    while (reports.load() < wanted) {
        culprit_sink = culprit_sink + 1;
    }
    culprit_sink = culprit_sink + 1;
}

[[gnu::noinline]] void sleeps_in_the_kernel(bool polls, const std::atomic<int>& reports) {
    constexpr timespec a_while{.tv_sec = 0, .tv_nsec = 100'000'000};
    while (reports.load() == 0) {
        if (polls) {
            EXPECT_EQ(::poll(nullptr, 0, 100), 0);
        } else {
            EXPECT_EQ(::nanosleep(&a_while, nullptr), 0);
        }
    }
}

namespace {

// Keeps the reports of one test; the watch is off again afterwards.
class Reports {
public:
    explicit Reports(std::chrono::nanoseconds threshold) {
        set_blocking_watch(threshold, [this](const BlockReport& report) {
            const std::lock_guard lock(mutex_);
            all_.push_back(report);
            count.fetch_add(1);
        });
    }
    ~Reports() { set_blocking_watch(0ns); }

    std::vector<BlockReport> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(all_, {});
    }

    std::atomic<int> count{0};

private:
    std::mutex mutex_;
    std::vector<BlockReport> all_;
};

bool shows(const BlockReport& report, const char* function) {
    for (const std::string& line : report.backtrace) {
        if (line.find(function) != std::string::npos) {
            return true;
        }
    }
    return false;
}

constexpr auto threshold = 20ms;

TENDRIL_TEST(BlockingWatchThreads, NamesTheCulprit) {
    Reports reports(threshold);
    const auto hog = spawn({.name = "hog"}, [&] { culprit(reports.count, 1); });
    const int line = __LINE__ - 1;
    hog.join();
    const std::vector<BlockReport> all = reports.take();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].greenlet, hog.id());
    EXPECT_EQ(all[0].name, "hog");
    EXPECT_NE(std::string(all[0].where.file).find("blocking_watch_test.cpp"), std::string::npos);
    EXPECT_EQ(all[0].where.line, line);
    EXPECT_FALSE(all[0].in_callback);
    EXPECT_GE(all[0].held, threshold);
    EXPECT_GT(all[0].os_thread, 0u);
    EXPECT_TRUE(shows(all[0], "tendril::culprit(")) << ::testing::PrintToString(all[0].backtrace);
}

void compute_for(std::chrono::nanoseconds how_long) {
    for (const Deadline end = how_long; !end.passed();) {
        culprit_sink = culprit_sink + 1;
    }
}

TENDRIL_TEST(BlockingWatchThreads, AnExemptPlaceMayBlock) {
    Reports reports(threshold);
    spawn([&] {
        {
            const BlockingAllowed slow_start;
            compute_for(5 * threshold);
            constexpr timespec a_while{.tv_sec = 0, .tv_nsec = 100'000'000};
            ::nanosleep(&a_while, nullptr);
        }
        EXPECT_EQ(reports.count, 0);
        yield();
        culprit(reports.count, 1);
    }).join();
    EXPECT_EQ(reports.take().size(), 1u) << "it ends with its scope";
}

TENDRIL_TEST(BlockingWatchThreads, AnExemptionIsBoundedAndOnesOwn) {
    Reports reports(threshold);
    const auto exempt = spawn([&] {
        const BlockingAllowed outer(1ms);
        const BlockingAllowed inner(0s);
        sleep(2ms);
        culprit(reports.count, 2);
    });
    spawn({.name = "other"}, [&] { culprit(reports.count, 1); }).join();
    exempt.join();
    const auto all = reports.take();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].name, "other");
    EXPECT_EQ(all[1].greenlet, exempt.id());
}

TENDRIL_TEST(BlockingWatchThreads, TellsOfAnIncidentOnce) {
    Reports reports(threshold);
    spawn([&] {
        culprit(reports.count, 1);
        for (const Deadline end = 8 * threshold; !end.passed();) {
        }
        EXPECT_EQ(reports.count, 1) << "it is the same still";
        yield();
        culprit(reports.count, 2);
    }).join();
    EXPECT_EQ(reports.take().size(), 2u);
}

// One that blocks in the kernel does not compute; the call goes on afterwards.
TENDRIL_TEST(BlockingWatchThreads, SeesCallsThatBlockInTheKernel) {
    Reports reports(threshold);
    spawn({.name = "blocked"}, [&] {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        std::thread writer([&] {
            while (reports.count == 0) {
                std::this_thread::sleep_for(1ms);
            }
            EXPECT_EQ(::write(ends[1], "x", 1), 1);
        });
        char c = 0;
        EXPECT_EQ(::read(ends[0], &c, 1), 1) << "it goes on";
        writer.join();
        ::close(ends[0]);
        ::close(ends[1]);
    }).join();
    const std::vector<BlockReport> all = reports.take();
    ASSERT_GE(all.size(), 1u);
    EXPECT_EQ(all[0].name, "blocked");
}

#ifndef TENDRIL_TEST_UNDER_EMULATOR  // whose kernel threads are in its own calls

// Sleeps that a signal would end early.
TENDRIL_TEST(BlockingWatchThreads, DisturbsNoSystemCallAndTellsOfIt) {
    for (const bool polls : {false, true}) {
        Reports reports(threshold);
        spawn({.name = "asleep"}, [&] { sleeps_in_the_kernel(polls, reports.count); }).join();
        const std::vector<BlockReport> all = reports.take();
        ASSERT_EQ(all.size(), 1u);
        EXPECT_EQ(all[0].name, "asleep");
        EXPECT_NE(all[0].call.find(polls ? "poll" : "nanosleep"), std::string::npos) << all[0].call;
        EXPECT_GE(all[0].held, threshold);
        EXPECT_TRUE(shows(all[0], "sleeps_in_the_kernel")) << ::testing::PrintToString(all[0].backtrace);
    }
}

#endif

// Far above what a busy machine may keep an OS thread from running.
constexpr auto long_threshold = 500ms;

TENDRIL_TEST(BlockingWatchThreads, AHubThatSleepsHoldsNobody) {
    Reports reports(long_threshold);
    const auto other = spawn([] { sleep(1h); });
    sleep(3 * long_threshold);
    EXPECT_EQ(reports.count, 0);
    other.kill();
}

TENDRIL_TEST(BlockingWatchThreads, GreenThreadsThatYieldHoldNobody) {
    Reports reports(long_threshold);
    const auto until = [](Deadline end) {
        while (!end.passed()) {
            yield();
        }
    };
    const auto other = spawn(until, Deadline(3 * long_threshold));
    until(3 * long_threshold);
    other.join();
    EXPECT_EQ(reports.count, 0);
}

// A switch is noticed though the hub does not look at its backend in between.
TENDRIL_TEST(BlockingWatchThreads, FewSwitchesAreEnough) {
    Reports reports(long_threshold);
    const auto partner = spawn([] {
        for (int i = 0; i < 6; ++i) {
            yield();
        }
    });
    for (int i = 0; i < 6; ++i) {
        for (const Deadline end = long_threshold / 2; !end.passed();) {
        }
        yield();
    }
    partner.join();
    EXPECT_EQ(reports.count, 0);
}

TENDRIL_TEST(BlockingWatchThreads, WakesUpWithAHub) {
    Reports reports(threshold);
    sleep(10 * threshold);  // the watching OS thread has nothing to watch, and dozes
    spawn([&] { culprit(reports.count, 1); }).join();
    EXPECT_EQ(reports.count, 1);
}

TENDRIL_TEST(BlockingWatchThreads, OffMeansOff) {
    { Reports reports(threshold); }
    std::atomic<int> calls{0};
    set_blocking_watch(threshold, [&](const BlockReport&) { calls.fetch_add(1); });
    set_blocking_watch(0ns);
    spawn([] {
        for (const Deadline end = 5 * threshold; !end.passed();) {
        }
    }).join();
    EXPECT_EQ(calls, 0);
}

TEST(BlockingWatchThreads, AHubWithNothingElseToDoHarmsNobody) {
    std::atomic<int> calls{0};
    std::thread([&] {
        Hub::current();
        set_blocking_watch(threshold, [&](const BlockReport&) { calls.fetch_add(1); });
        for (const Deadline end = 5 * threshold; !end.passed();) {
        }
        set_blocking_watch(0ns);
    }).join();
    EXPECT_EQ(calls, 0);
}

// Each block is reported for its own hub, whichever OS threads come and go meanwhile.
TENDRIL_TEST(BlockingWatchThreads, SeveralHubsThatComeAndGo) {
    std::mutex mutex;
    std::vector<std::string> names;
    std::atomic<std::size_t> told{0};
    set_blocking_watch(threshold, [&](const BlockReport& report) {
        if (report.name.starts_with("hog")) {  // on a busy machine others may be stuck for a while, too
            const std::lock_guard lock(mutex);
            names.push_back(report.name);
            told = names.size();
        }
    });
    std::vector<std::thread> threads;
    std::atomic<bool> done{false};
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&, i] {
            spawn({.name = "hog " + std::to_string(i)}, [&] {
                while (!done) {
                }
            }).join();
        });
    }
    for (int i = 0; i < 100 || told < 2; ++i) {
        std::thread([] { spawn([] {}).join(); }).join();
        sleep(1ms);
    }
    done = true;
    for (std::thread& thread : threads) {
        thread.join();
    }
    set_blocking_watch(0ns);
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names, (std::vector<std::string>{"hog 0", "hog 1"}));
}

// The handler runs while raw contexts are switched, which the hub does not see, and changes of name.
TENDRIL_TEST(BlockingWatchThreads, OneThatSwitchesRawContextsAndRenamesItself) {
    Reports reports(threshold);
    spawn({.name = "restless"}, [&] {
        ContextRef outer = current_context();
        const Context inner([&](std::any) -> std::any {
            for (;;) {
                outer.switch_to();
            }
        });
        const AnyGreenlet me = current();
        while (reports.count == 0) {
            inner.switch_to();
            me.set_name("a name that is long enough for an allocation of its own");
            me.set_name("short");
        }
    }).join();
    EXPECT_EQ(reports.take().at(0).where.line, __LINE__ - 14);
}

TENDRIL_TEST(BlockingWatchThreads, TheDefaultHandlerPrints) {
    ::testing::internal::CaptureStderr();
    set_blocking_watch(threshold);
    spawn({.name = "printed"}, [&] {
        struct stat captured {};  // into a file, whose growth tells
        std::atomic<int> touched{0};
        while (::fstat(STDERR_FILENO, &captured) == 0 && captured.st_size == 0) {
            touched.fetch_add(1);
        }
    }).join();
    set_blocking_watch(0ns);  // and the handler has returned
    const std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("\"printed\", spawned at "), std::string::npos) << text;
    EXPECT_NE(text.find("and no other green thread could run; it is in\ntendril:     "), std::string::npos) << text;
}

TENDRIL_TEST(BlockingWatchThreads, TheHandlerMaySetTheWatch) {
    std::atomic<int> calls{0};
    set_blocking_watch(threshold, [&](const BlockReport&) {
        set_blocking_watch(0ns);
        calls.fetch_add(1);
    });
    spawn([&] { culprit(calls, 1); }).join();
    EXPECT_EQ(calls, 1);
    set_blocking_watch(0ns);
}

// TSan knows no OS threads that are started after a fork, and qemu-user aborts at them.
#if !defined(TENDRIL_TSAN) && !defined(TENDRIL_TEST_UNDER_EMULATOR)

TENDRIL_TEST(BlockingWatchThreads, AChildOfForkCanHaveItsOwn) {
    Reports reports(threshold);
    spawn([&] { culprit(reports.count, 1); }).join();
    const pid_t child = detail::HubCore::here().fork();
    if (child == 0) {
        static std::atomic<int> calls{0};
        set_blocking_watch(threshold, [](const BlockReport& report) {
            if (report.name == "in the child") {
                calls.fetch_add(1);
            }
        });
        spawn({.name = "in the child"}, [&] { culprit(calls, 1); }).join();
        ::_exit(7);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
}

#endif

}  // namespace
}  // namespace tendril
