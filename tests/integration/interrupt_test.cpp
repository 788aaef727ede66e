// SPDX-License-Identifier: MIT
//
// SIGINT in programs that asked for nothing, and in one that did: TD08, TC15.

#include <csignal>
#include <string>

#include <gtest/gtest.h>

#include <tendril/greenlet.hpp>
#include <tendril/process.hpp>

namespace tendril {
namespace {

struct Outcome {
    int returncode;
    std::string out;
};

// Starts it, interrupts it once it is ready, and waits for its end.
Outcome interrupted(const std::string& how, int times = 1) {
    Popen child({TENDRIL_INTERRUPTED, how}, {.out = PIPE});
    std::string ready(6, '\0');
    child.stdout_().recv_exactly(ready);
    EXPECT_EQ(ready, "ready\n");
    for (int i = 0; i < times; ++i) {
        child.send_signal(SIGINT);
    }
    Outcome outcome{0, child.communicate().out};
    outcome.returncode = child.wait();
    return outcome;
}

constexpr const char* all_unwound = "main unwound\nanother unwound\nstatic\n";

TEST(Interrupt, UnwindsEverythingAndEndsBySigint) {
    const Outcome o = interrupted("waits");
    EXPECT_EQ(o.returncode, -SIGINT);
    EXPECT_EQ(o.out, all_unwound);
}

TEST(Interrupt, ReachesTheMainOneWhoeverRuns) {
    const Outcome o = interrupted("in a green thread");
    EXPECT_EQ(o.returncode, -SIGINT);
    EXPECT_EQ(o.out, "main unwound\nanother unwound\nstatic\n");
}

TEST(Interrupt, CanBeCaught) {
    const Outcome o = interrupted("catches");
    EXPECT_EQ(o.returncode, 3);
    EXPECT_EQ(o.out, std::string("interrupted by SIGINT\n") + all_unwound);
}

TEST(Interrupt, CanBeSwallowed) {
    const Outcome o = interrupted("swallows");
    EXPECT_EQ(o.returncode, 4);
    EXPECT_EQ(o.out, std::string("swallowed\n") + all_unwound);
}

TEST(Interrupt, WaitsForTheEndOfAShield) {
    const Outcome o = interrupted("shielded");
    EXPECT_EQ(o.returncode, -SIGINT);
    EXPECT_EQ(o.out, std::string("shielded to the end\nready\n") + all_unwound);
}

TEST(Interrupt, TheSecondEndsWhatDoesNotWait) {
    Popen child({TENDRIL_INTERRUPTED, "computes"}, {.out = PIPE});
    std::string ready(6, '\0');
    child.stdout_().recv_exactly(ready);
    while (!child.poll()) {  // the kernel may make one of two that come close together
        child.send_signal(SIGINT);
        sleep(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(child.wait(), -SIGINT);
}

TEST(Interrupt, AskedForIsASignalLikeAnyOther) {
    const Outcome o = interrupted("asked");
    EXPECT_EQ(o.returncode, 5);
    EXPECT_EQ(o.out, all_unwound);
}

}  // namespace
}  // namespace tendril
