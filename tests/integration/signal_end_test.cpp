// SPDX-License-Identifier: MIT
//
// on_signal(SIGTERM, [&] { server.stop(5s); ... }) in main: the lines after stop() run before the program ends.

#include <csignal>
#include <string>

#include <gtest/gtest.h>

#include <tendril/process.hpp>

namespace tendril {
namespace {

TEST(SignalEnd, WhatFollowsStopInTheFunctionIsDone) {
    Popen program({TENDRIL_ENDS_BY_SIGNAL}, {.out = PIPE});
    std::string ready(6, '\0');
    program.stdout_().recv_exactly(ready);
    EXPECT_EQ(ready, "ready\n");
    program.send_signal(SIGTERM);
    EXPECT_EQ(program.communicate().out, "stopped\nwritten down\n");
    EXPECT_EQ(program.wait(), 0);
}

}  // namespace
}  // namespace tendril
