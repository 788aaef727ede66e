// SPDX-License-Identifier: MIT
//
// Signals, fatal errors and forks: behaviours.md §3, rows TC15, TM06, TM08.

#include <csignal>
#include <stdexcept>
#include <string>
#include <thread>

#include <tendril/error.hpp>
#include <tendril/event.hpp>
#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/process.hpp>
#include <tendril/signal.hpp>
#include <tendril/watchers.hpp>

#include <unistd.h>

#include "green_test.hpp"

using namespace std::chrono_literals;

// LeakSanitizer cannot see what the stacks of the parent's other OS threads refer to. It asks this function, by this
// name.
static bool in_a_child = false;
extern "C" int __lsan_is_turned_off() {
    return in_a_child ? 1 : 0;
}

namespace tendril {
namespace {

// What the main green thread of an OS thread of its own gets.
template <class F>
std::string in_main(F f) {
    std::string said;
    std::thread([&] {
        try {
            f();
        } catch (const std::exception& e) {
            said = e.what();
        } catch (const Interrupt& e) {
            said = e.what();
        }
    }).join();
    return said;
}

TEST(ConformanceC, TC15_AFatalErrorInACallbackComesToTheMainGreenThread) {
    EXPECT_EQ(in_main([] {
                  const Timer timer(0ms, [] { throw FatalError("the disk is gone"); });
                  sleep(1h);
              }),
              "the disk is gone");
    EXPECT_EQ(in_main([] {
                  spawn_n([] { throw FatalError("out of a green thread"); });
                  sleep(1h);
              }),
              "out of a green thread");
    EXPECT_EQ(in_main([] {
                  const Timer timer(0ms, [] { throw KeyboardInterrupt(); });
                  const Timer other(1h, [] {});
                  sleep(1h);
              }),
              "interrupted by SIGINT");
}

TENDRIL_TEST(ConformanceC, TC15_AnOrdinaryOneIsOnlyReported) {
    const Timer timer(0ms, [] { throw std::runtime_error("a slip"); });
    sleep(5ms);
    EXPECT_EQ(testing::take_unhandled(), (std::vector<std::string>{"a Timer's callback: std::runtime_error: a slip"}));
}

TENDRIL_TEST(ConformanceM, TM06_AHandlerRunsInAGreenThread) {
    Event handled;
    std::string name;
    const Signal watcher = on_signal(SIGALRM, [&](int number) {
        sleep(1ms);  // it may wait
        name = current().name();
        EXPECT_EQ(number, SIGALRM);
        handled.set();
    });
    ::alarm(1);
    EXPECT_TRUE(handled.wait(60s));
    EXPECT_EQ(name, "signal 14");
}

TENDRIL_TEST(ConformanceM, TM06_ItsErrorIsReportedAndItGoesOn) {
    int runs = 0;
    const Signal watcher = on_signal(SIGUSR1, [&] {
        if (++runs == 1) {
            throw std::runtime_error("at first");
        }
    });
    for (int i = 0; i < 2; ++i) {
        ::raise(SIGUSR1);
        sleep(5ms);
    }
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(testing::take_unhandled(), (std::vector<std::string>{"green thread: std::runtime_error: at first"}));
}

TEST(ConformanceM, TM06_ItKeepsNoLoopAlive) {
    EXPECT_NE(in_main([] {
                  const Signal watcher = on_signal(SIGUSR1, [] {});
                  Event never_set;
                  never_set.wait();
              }).find("nothing can wake the main green thread"),
              std::string::npos);
}

// The hub of a child, with green threads, watchers and sockets that it inherited, comes down without a hang when the
// green thread that forked ends, as exit() does it.
TENDRIL_TEST(ConformanceM, TM08_TheChildsHubEndsInTime) {
    auto other = spawn([] { sleep(1h); });
    const Timer timer(1h, [] {});
    pid_t pid = -1;
    auto forks = spawn([&] {
        pid = fork();
        if (pid == 0) {
            in_a_child = true;
            spawn_n([] { sleep(1h); });
            yield();
        }
    });
    forks.join();
    EXPECT_EQ(wait_pid(pid, 60s), 0);
    EXPECT_FALSE(other.ready());
    other.kill();
}

}  // namespace
}  // namespace tendril
