// SPDX-License-Identifier: MIT

#include <spawn.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/process.hpp>
#include <tendril/timeout.hpp>

#include "children.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;
using testing::no_child_left;

// A child that another library made.
pid_t start(const char* command) {
    char shell[] = "/bin/sh";
    char option[] = "-c";
    std::string text = command;
    char* const argv[] = {shell, option, text.data(), nullptr};
    pid_t pid = 0;
    EXPECT_EQ(::posix_spawn(&pid, shell, nullptr, nullptr, argv, environ), 0);
    return pid;
}

TENDRIL_TEST(WaitPid, SuspendsUntilTheChildHasEndedAndReapsIt) {
    const pid_t quick = start("exit 5");
    const pid_t slow = start("exec sleep 100");
    auto waiting = spawn([&] { return wait_pid(slow); });
    EXPECT_EQ(wait_pid(quick), 5);
    EXPECT_FALSE(waiting.ready());
    ::kill(slow, SIGTERM);
    EXPECT_EQ(waiting.get(), -SIGTERM);
    EXPECT_TRUE(no_child_left());
}

TENDRIL_TEST(WaitPid, BrokenOffItReapsNothing) {
    const pid_t pid = start("exec sleep 100");
    EXPECT_THROW(wait_pid(pid, 1ms), TimeoutError);
    EXPECT_FALSE(with_timeout(1ms, [&] { wait_pid(pid, 1h); }));
    auto waiting = spawn([&] { wait_pid(pid); });
    testing::until_keeping_alive(1);
    EXPECT_TRUE(waiting.kill());
    ::kill(pid, SIGKILL);
    while (!testing::is_zombie(pid)) {
        sleep(1ms);
    }
    EXPECT_EQ(wait_pid(pid), -SIGKILL);
}

TENDRIL_TEST(WaitPid, TheSecondOfTwoLearnsThatItIsGone) {
    const pid_t pid = start("exec sleep 100");
    auto first = spawn([&] { return errno_of([&] { wait_pid(pid); }); });
    auto second = spawn([&] { return errno_of([&] { wait_pid(pid); }); });
    testing::until_keeping_alive(2);
    ::kill(pid, SIGKILL);
    EXPECT_EQ(first.get() + second.get(), ECHILD);
}

TENDRIL_TEST(WaitPid, SaysWhatIsNoChild) {
    EXPECT_EQ(errno_of([] { wait_pid(::getpid()); }), ECHILD);
    EXPECT_EQ(errno_of([] { wait_pid(1); }), ECHILD);
    EXPECT_THROW(wait_pid(-1), std::invalid_argument);
    EXPECT_THROW(wait_pid(0), std::invalid_argument);
    const pid_t pid = start("exit 0");
    {
        const testing::FailNth fault([](sys::Call call) { return call == sys::Call::pidfd; }, 1, EMFILE);
        EXPECT_EQ(errno_of([&] { wait_pid(pid); }), EMFILE);
    }
    EXPECT_EQ(wait_pid(pid), 0);
    EXPECT_EQ(Hub::current().stats().keeping_alive, 0u);
}

}  // namespace
}  // namespace tendril
