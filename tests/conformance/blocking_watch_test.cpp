// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md section 3: what holds the hub is reported, by name.

#include <tendril/blocking_watch.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/link.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {

volatile int hog_sink = 0;
[[gnu::noinline]] void hogs_the_hub(const std::atomic<int>& reports, int wanted) {
    while (reports.load() < wanted) {
        hog_sink = hog_sink + 1;
    }
    hog_sink = hog_sink + 1;
}

namespace {

struct Watched {
    std::atomic<int> count{0};
    std::mutex mutex;
    std::vector<BlockReport> all;

    Watched() {
        set_blocking_watch(20ms, [this](const BlockReport& report) {
            const std::lock_guard lock(mutex);
            all.push_back(report);
            count.fetch_add(1);
        });
    }
    ~Watched() { set_blocking_watch(0ns); }
    BlockReport only() {
        const std::lock_guard lock(mutex);
        EXPECT_EQ(all.size(), 1u);
        return all.empty() ? BlockReport() : std::exchange(all, {})[0];
    }
};

bool shows(const BlockReport& report, const char* function) {
    for (const std::string& line : report.backtrace) {
        if (line.find(function) != std::string::npos) {
            return true;
        }
    }
    return false;
}

TENDRIL_TEST(ConformanceMThreads, TM12_TheMonitorNamesTheCulpritOncePerIncident) {
    Watched watched;
    const auto hog = spawn({.name = "hog"}, [&] {
        hogs_the_hub(watched.count, 1);
        for (const Deadline end = 200ms; !end.passed();) {
        }
    });
    hog.join();
    const BlockReport report = watched.only();
    EXPECT_EQ(report.name, "hog");
    EXPECT_EQ(report.greenlet, hog.id());
    EXPECT_EQ(report.where.line, __LINE__ - 9);
    EXPECT_TRUE(shows(report, "hogs_the_hub")) << ::testing::PrintToString(report.backtrace);
}

// TC21: callbacks that run in the hub are reported as such.
TENDRIL_TEST(ConformanceCThreads, TC21_ACallbackThatHoldsTheCpuIsReported) {
    Watched watched;
    const auto other = spawn([] { sleep(1h); });
    const auto g = spawn([] {});
    const Link link = g.link([&](const AnyGreenlet&) { hogs_the_hub(watched.count, 1); });
    g.join();
    sleep(1ms);
    const BlockReport report = watched.only();
    EXPECT_TRUE(report.in_callback);
    EXPECT_TRUE(shows(report, "hogs_the_hub")) << ::testing::PrintToString(report.backtrace);
    other.kill();
}

TENDRIL_TEST(ConformanceCThreads, TC21_AnErrorHandlerThatHoldsTheCpuIsReported) {
    Watched watched;
    Hub::current().set_error_handler(
        [&](const ErrorContext&, const std::exception_ptr&) { hogs_the_hub(watched.count, 1); });
    const auto other = spawn([] { sleep(1h); });
    spawn_n({.name = "fails"}, [] { throw std::runtime_error("unseen"); });
    yield();
    const BlockReport report = watched.only();
    EXPECT_TRUE(report.in_callback);
    other.kill();
}

}  // namespace
}  // namespace tendril
