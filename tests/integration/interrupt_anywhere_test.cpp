// SPDX-License-Identifier: MIT
//
// SIGINT while main() waits, whatever it waits in: main() is unwound as by any exception, and the process ends by the
// signal, with nothing printed. TD08, TC15.

#include <chrono>
#include <csignal>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tendril/greenlet.hpp>
#include <tendril/pool.hpp>
#include <tendril/process.hpp>

namespace tendril {
namespace {

struct Outcome {
    int returncode = 0;
    std::string out;
    std::string err;
};

Outcome interrupted_in(const std::string& call) {
    Popen child({TENDRIL_INTERRUPTED_IN, call}, {.out = PIPE, .err = PIPE});
    std::string ready(6, '\0');
    child.stdout_().recv_exactly(ready);
    EXPECT_EQ(ready, "ready\n") << call;
    child.send_signal(SIGINT);
    const Output all = child.communicate();
    return {child.wait(), all.out, all.err};
}

TEST(InterruptAnywhere, UnwindsMainAndEndsBySigint) {
    std::istringstream names(run({TENDRIL_INTERRUPTED_IN}).out);
    Pool pool(4);
    int tried = 0;
    for (std::string name; std::getline(names, name); ++tried) {
        pool.spawn([name] {
            const Outcome o = interrupted_in(name);
            EXPECT_EQ(o.returncode, -SIGINT) << name;
            EXPECT_TRUE(o.out.ends_with("main unwound, exceptions: 1\nstatic\n")) << name << ": " << o.out;
            EXPECT_EQ(o.out.find("caught"), std::string::npos) << name;
            EXPECT_EQ(o.err, "") << name;
        });
    }
    pool.join();
    EXPECT_GT(tried, 40);
}

TEST(InterruptAnywhere, UnwindsWhatMainsDestructorsEnd) {
    EXPECT_EQ(interrupted_in("~Group, while it unwinds").out,
              "member unwound, exceptions: 1\nmain unwound, exceptions: 1\nstatic\n");
    EXPECT_EQ(interrupted_in("context").out, "context unwound, exceptions: 1\nmain unwound, exceptions: 1\nstatic\n");
}

// A Shield holds the first one back, and while it unwinds nothing more is thrown.
TEST(InterruptAnywhere, TheSecondEndsWhatHoldsBackTheFirst) {
    for (const char* call : {"a destructor under a Shield", "a destructor that waits while it unwinds"}) {
        Popen child({TENDRIL_INTERRUPTED_IN, call}, {.out = PIPE, .err = PIPE});
        std::string ready(6, '\0');
        child.stdout_().recv_exactly(ready);
        while (!child.poll()) {  // the kernel may make one of two that come close together
            child.send_signal(SIGINT);
            sleep(std::chrono::milliseconds(5));
        }
        EXPECT_EQ(child.wait(), -SIGINT) << call;
        const Output rest = child.communicate();
        EXPECT_EQ(rest.out + rest.err, "") << call;
    }
}

}  // namespace
}  // namespace tendril
