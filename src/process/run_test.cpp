// SPDX-License-Identifier: MIT

#include <csignal>
#include <regex>
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

// Runs a program that prints `prints` bytes and then waits, with as long a deadline as it needs to print them here.
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
    const std::regex text("run '/bin/sh'(, 8 bytes done)?: communicate with process \\d+: timed out.*");
    EXPECT_TRUE(std::regex_match(e.what(), text)) << e.what();
    EXPECT_TRUE(no_child_left());
}

// The program's own child holds the pipe open: run() does not wait for that.
TENDRIL_TEST(Run, ItsDeadlineIsNotHeldUpByGrandchildren) {
    for (auto limit = 20ms;; limit *= 2) {
        try {
            run(shell("sleep 100 & echo $!; wait"), {.deadline = limit, .kill_group = false});
            FAIL();
        } catch (const RunTimeout& e) {
            if (e.done() >= 2) {
                EXPECT_EQ(::kill(std::stoi(e.out()), SIGKILL), 0);
                break;
            }
        }
    }
    EXPECT_TRUE(no_child_left());
}

// A pipe that a program and all its descendants hold open.
class HeldByAll {
public:
    explicit HeldByAll(RunOptions& options) : pipe_(make_pipe()) {
        options.popen.pass_fds = {pipe_.writer.fd()};
        options.popen.in = DEVNULL;
    }
    bool all_gone() {
        pipe_.writer.close();
        char c = 0;
        return pipe_.reader.recv({&c, 1}, 60s) == 0;
    }

private:
    Pipe pipe_;
};

TENDRIL_TEST(Run, AShellTakesWhatItLeftInTheBackgroundAlong) {
    for (const char* text : {"sleep 100 & sleep 100", "(sleep 100 & sleep 100 &) & wait", "sleep 100 & exit 3"}) {
        RunOptions options{.deadline = 20ms};
        HeldByAll held(options);
        EXPECT_THROW(run(shell(text), options), RunTimeout) << text;
        EXPECT_TRUE(held.all_gone()) << text;
        EXPECT_TRUE(no_child_left()) << text;
    }
    RunOptions killed;
    HeldByAll held(killed);
    auto running = spawn([&] { run(shell("sleep 100 & sleep 100"), killed); });
    testing::until_keeping_alive(1);
    EXPECT_TRUE(running.kill());
    EXPECT_TRUE(held.all_gone());
}

// A program that ended in time may leave a daemon behind.
TENDRIL_TEST(Run, WhatEndedInTimeKeepsWhatItStarted) {
    RunOptions options{.deadline = 60s};
    const CompletedProcess done = run(shell("sleep 100 >/dev/null 2>&1 & echo $!"), options);
    EXPECT_EQ(::kill(std::stoi(done.out), SIGKILL), 0);
}

TENDRIL_TEST(Run, KillGroupIsForAnyProgramAndForPopen) {
    RunOptions options{.deadline = 20ms, .kill_group = true};
    HeldByAll held(options);
    EXPECT_THROW(run({"env", "sh", "-c", "sleep 100 & sleep 100"}, options), RunTimeout);
    EXPECT_TRUE(held.all_gone());

    for (const bool session : {false, true}) {
        RunOptions streams;
        HeldByAll tree(streams);
        streams.popen.kill_group = true;
        streams.popen.new_session = session;
        streams.popen.out = PIPE;
        Popen child(shell("sleep 100 & echo; exec sleep 100"),
                    streams.popen);  // SIGTERM in mid-fork may miss the child
        char line = 0;
        child.stdout_().recv({&line, 1});  // the shell's child has begun
        child.terminate();
        EXPECT_EQ(child.wait(), -SIGTERM);
        EXPECT_TRUE(tree.all_gone());
        child.kill();  // nothing is left
    }
    EXPECT_THROW(Popen({"true"}, {.process_group = 1, .kill_group = true}), std::invalid_argument);
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
