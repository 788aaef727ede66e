// SPDX-License-Identifier: MIT

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
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

TENDRIL_TEST(Run, GivesAllThatThereIs) {
    const CompletedProcess done = run(shell("cat; echo err >&2; exit 4"), {.input = "in"});
    EXPECT_EQ(done.returncode, 4);
    EXPECT_EQ(done.out, "in");
    EXPECT_EQ(done.err, "err\n");
    EXPECT_EQ(done.argv.front(), "/bin/sh");
    EXPECT_EQ(run(shell("echo both; echo err >&2"), {.popen = {.err = STDOUT}}).out, "both\nerr\n");
    EXPECT_EQ(check_output({"echo", "x"}), "x\n");
    EXPECT_EQ(call(shell("exit 7")), 7);
    check_call({"true"});
}

TENDRIL_TEST(Run, AFailureThatIsCheckedIsAnError) {
    try {
        run(shell("echo out; echo err >&2; exit 3"), {.check = true});
        ADD_FAILURE();
    } catch (const CalledProcessError& e) {
        EXPECT_STREQ(e.what(), "'/bin/sh' ended with status 3");
        EXPECT_EQ(e.returncode(), 3);
        EXPECT_EQ(e.out(), "out\n");
        EXPECT_EQ(e.err(), "err\n");
    }
    try {
        check_call(shell("kill -9 $$"));
        ADD_FAILURE();
    } catch (const CalledProcessError& e) {
        EXPECT_STREQ(e.what(), "'/bin/sh' was ended by signal 9");
    }
    EXPECT_THROW(check_output({"false"}), CalledProcessError);
    EXPECT_EQ(errno_of([] { run({"/no/such/program"}); }), ENOENT);
}

// Of a program that prints so much and then waits: with as long a deadline as it needs for that on this machine.
RunTimeout timed_out(const std::vector<std::string>& argv, std::size_t prints) {
    for (auto limit = 20ms;; limit *= 2) {
        try {
            run(argv, {.deadline = limit});
            throw std::logic_error("it ended");
        } catch (const RunTimeout& e) {
            if (e.done() >= prints) {
                return e;
            }
        }
    }
}

TENDRIL_TEST(Run, ItsDeadlineKillsAndSaysWhatWasRead) {
    const RunTimeout e = timed_out(shell("echo said; echo so >&2; exec sleep 100"), 8);
    EXPECT_EQ(e.out(), "said\n");
    EXPECT_EQ(e.err(), "so\n");
    EXPECT_EQ(e.done(), 8u);
    EXPECT_EQ(e.code(), std::errc::timed_out);
    EXPECT_STREQ(e.what(), "run '/bin/sh': the deadline passed, after 8 bytes");
    EXPECT_TRUE(no_child_left());
}

// Its own child holds the pipe: that is not waited for.
TENDRIL_TEST(Run, ItsDeadlineIsNotHeldUpByGrandchildren) {
    const RunTimeout e = timed_out(shell("sleep 100 & echo $!; wait"), 2);
    EXPECT_EQ(::kill(std::stoi(e.out()), SIGKILL), 0);
    EXPECT_TRUE(no_child_left());
}

TENDRIL_TEST(Run, AKillOrAnOuterTimeoutTakesTheChildAlong) {
    EXPECT_FALSE(with_timeout(10ms, [] { run({"sleep", "100"}, {.deadline = 1h}); }));
    EXPECT_TRUE(no_child_left());
    auto running = spawn([] { run({"sleep", "100"}); });
    testing::until_keeping_alive(1);
    EXPECT_FALSE(no_child_left());
    EXPECT_TRUE(running.kill());
    EXPECT_TRUE(running.killed());
    EXPECT_TRUE(no_child_left());
}

}  // namespace
}  // namespace tendril
