// SPDX-License-Identifier: MIT
//
// Programs with POSIX threads, tests/programs/posix_*: under `tendril run` they print and end as they do without, and
// their threads are green threads of one OS thread.

#include <gtest/gtest.h>

#include <string>

#include "run_program.hpp"

namespace tendril {
namespace {

TEST(RunOwnPrograms, tenThousandThreadsOnOneOsThread) {
    const Outcome outcome = outcome_of(under_run({posix_program("threads"), "10000", "count"}));
    EXPECT_EQ(outcome, (Outcome{0,
                                "10000 threads: counter 49995000, results 99990000, serial 1\n"
                                "OS threads: 1\n",
                                ""}));
}

TEST(RunOwnPrograms, echoServerWithAThreadForEachConnection) {
    const Outcome outcome = outcome_of(under_run({posix_program("echo"), "200", "50"}));
    EXPECT_EQ(outcome, (Outcome{0, "echoed 10000\n", ""}));
}

// Each program, with arguments, plain and under `tendril run`.
class RunOwnProgramsLikePlain : public ::testing::TestWithParam<Words> {};

TEST_P(RunOwnProgramsLikePlain, printsAndEndsAsPlain) {
    Words command = GetParam();
    command.front() = posix_program(command.front());
    const Outcome plain = outcome_of(command);
    EXPECT_EQ(outcome_of(under_run(command)), plain);
    EXPECT_EQ(outcome_of(under_run(Words{"--classes=none"} + command)), plain);
    EXPECT_EQ(outcome_of(under_run(Words{"--except=threads"} + command)), plain);
}

INSTANTIATE_TEST_SUITE_P(All, RunOwnProgramsLikePlain,
                         ::testing::Values(Words{"threads", "200"}, Words{"echo", "20", "20"},
                                           Words{"sleep_sort", "30", "5", "20", "1", "10"}, Words{"children"},
                                           Words{"cxx"}, Words{"signals"}, Words{"standard"}),
                         [](const auto& one) { return one.param.front(); });

class RunEnds : public ::testing::TestWithParam<const char*> {};

TEST_P(RunEnds, asPlain) {
    const Words command{posix_program("ends"), GetParam()};
    const Outcome plain = outcome_of(command);
    EXPECT_EQ(outcome_of(under_run(command)), plain);
}

INSTANTIATE_TEST_SUITE_P(All, RunEnds,
                         ::testing::Values("return", "exit", "_exit", "abort", "terminated", "segfault", "thread",
                                           "interrupted", "pthread_exit", "outlived", "pause"),
                         [](const auto& one) { return one.param[0] == '_' ? "at_once" : one.param; });

}  // namespace
}  // namespace tendril
