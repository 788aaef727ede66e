// SPDX-License-Identifier: MIT
//
// A Child watcher that traces, together with a Popen and around a fork().

#include <tendril/watchers.hpp>

#include <csignal>
#include <optional>
#include <string>
#include <utility>

#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/process.hpp>

#include "children.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

void wait_for_line(const std::string& seen, const std::string& wanted) {
    for (int i = 0; i < 5'000 && seen != wanted; ++i) {
        sleep(1ms);
    }
    EXPECT_EQ(seen, wanted);
}

TENDRIL_TEST(ChildWatch, LeavesThePopenItsResult) {
    Popen program({"sleep", "100"});
    auto waiting = spawn([&] { return program.wait(); });
    std::string seen;
    const Child child(program.pid(),
                      [&](const ChildStatus& status) {
                          seen += status.ended() ? "ended" : status.continued ? "continued " : "stopped ";
                      },
                      {.trace = true, .reap = false});
    program.send_signal(SIGSTOP);
    wait_for_line(seen, "stopped ");
    EXPECT_FALSE(program.poll().has_value());
    program.send_signal(SIGCONT);
    wait_for_line(seen, "stopped continued ");
    program.terminate();
    EXPECT_EQ(waiting.get(), -SIGTERM);
    wait_for_line(seen, "stopped continued ended");
    EXPECT_TRUE(testing::no_child_left());
}

TENDRIL_TEST(ChildWatch, InTheChildOfAForkATraceHasEnded) {
    const auto handler = [] {
        struct sigaction now {};
        ::sigaction(SIGCHLD, nullptr, &now);
        return now.sa_handler;
    };
    const auto before = handler();
    Popen program({"sleep", "100"});
    int told = 0;
    std::optional<Child> child(
        std::in_place, program.pid(), [&](const ChildStatus&) { ++told; }, ChildOptions{.trace = true, .reap = false});
    const pid_t pid = fork();
    if (pid == 0) {
        const bool right = !child->active() && handler() == before && Hub::current().stats().keeping_alive == 0;
        ::_exit(right ? 0 : 1);
    }
    EXPECT_EQ(wait_pid(pid, 60s), 0);
    EXPECT_TRUE(child->active());
    EXPECT_NE(handler(), before);
    child.reset();
    EXPECT_EQ(told, 0);
    program.kill();
    program.wait();
}

}  // namespace
}  // namespace tendril
