// SPDX-License-Identifier: MIT

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/process.hpp>
#include <tendril/timeout.hpp>

#include "base/sys.hpp"
#include "children.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;
using testing::no_child_left;

constexpr auto all_pipes = [] { return PopenOptions{.in = PIPE, .out = PIPE, .err = PIPE}; };

// Sends far more than pipes hold, both ways at once.
TENDRIL_TEST(Communicate, FeedsAndDrainsAtTheSameTime) {
    Popen child({"tee", "/dev/stderr"}, all_pipes());
    std::string input(5 << 20, '\0');
    for (std::size_t i = 0; i < input.size(); ++i) {
        input[i] = static_cast<char>(i * 7 + i / 1000);
    }
    const Output output = child.communicate(input);
    EXPECT_TRUE(output.out == input);
    EXPECT_TRUE(output.err == input);
    EXPECT_EQ(child.returncode(), 0);
    EXPECT_FALSE(child.stdin_().is_open() || child.stdout_().is_open() || child.stderr_().is_open());
    EXPECT_EQ(child.communicate().out, "") << "all was told";
}

TENDRIL_TEST(Communicate, KeepsWhatWasReadWhenItIsBrokenOff) {
    PopenOptions options = all_pipes();
    options.process_group = 0;
    Popen child(shell("cat; echo said"), options);
    const std::string input(1 << 20, 'i');
    ::kill(-child.pid(), SIGSTOP);
    try {
        child.communicate(input, 5ms);
        ADD_FAILURE() << "it is stopped";
    } catch (const TimeoutError& e) {
        EXPECT_LT(e.done(), input.size());
    }
    EXPECT_THROW(child.communicate("more"), std::logic_error);
    ::kill(-child.pid(), SIGCONT);
    std::size_t interrupted = 0;
    std::string all;
    while (all.empty()) {
        interrupted += 1;
        auto talking = spawn([&] { all = child.communicate().out; });
        yield();
        talking.kill();  // after a few steps
        if (interrupted > 20) {
            all = child.communicate().out;
        }
    }
    EXPECT_TRUE(all == input + "said\n");
}

TENDRIL_TEST(Communicate, AnOuterTimeoutBreaksOffAndItGoesOn) {
    Popen child(shell("echo first; read line; echo $line"), all_pipes());
    PipeWriter feed = std::move(child.stdin_());
    EXPECT_FALSE(with_timeout(20ms, [&] { child.communicate(1h); }));
    feed.send_all("second\n");
    EXPECT_EQ(child.communicate().out, "first\nsecond\n");
}

// The pipes are at their ends, but the child still runs.
TENDRIL_TEST(Communicate, WaitsForTheEndOfTheChildToo) {
    Popen child(shell("echo all; exec >&- 2>&-; exec sleep 100"), all_pipes());
    for (std::size_t read = 0; read != 4;) {
        try {
            child.communicate(5ms);
            ADD_FAILURE() << "it has not ended";
            return;
        } catch (const TimeoutError& e) {
            read = e.done();
        }
    }
    child.kill();
    EXPECT_EQ(child.communicate().out, "all\n");
    EXPECT_EQ(child.returncode(), -SIGKILL);
}

TENDRIL_TEST(Communicate, AChildThatDoesNotReadItsInputIsNoError) {
    Popen child(shell("exec <&-; echo done"), all_pipes());
    EXPECT_EQ(child.communicate(std::string(1 << 20, 'x')).out, "done\n");
}

TENDRIL_TEST(Communicate, ItsDeadlineHoldsAgainstAChildThatNeverStops) {
    Popen child({"yes"}, {.out = PIPE});
    for (std::size_t read = 0; read == 0;) {
        try {
            child.communicate(10ms);
            ADD_FAILURE();
            return;
        } catch (const TimeoutError& e) {
            read = e.done();
        }
    }
    bool other_ran = false;
    auto other = spawn([&] { other_ran = true; });
    EXPECT_FALSE(with_timeout(20ms, [&] { child.communicate(); }));
    EXPECT_TRUE(other_ran) << "nor does it keep others from running";
    child.kill();
    EXPECT_EQ(child.communicate().out.substr(0, 4), "y\ny\n");
}

TENDRIL_TEST(Communicate, IsNotRobbedByAReaderThatComesLater) {
    Popen child({"cat"}, all_pipes());
    PipeWriter feed = std::move(child.stdin_());
    const auto talking = spawn([&] { return child.communicate().out; });
    testing::until_keeping_alive(1);
    char byte = 0;
    EXPECT_THROW(child.stdout_().recv({&byte, 1}, 1s), ConcurrentUse);
    feed.send_all("x");
    feed.close();
    EXPECT_EQ(talking.get(), "x");
}

TENDRIL_TEST(Communicate, OneAtATime) {
    Popen child({"cat"}, all_pipes());
    PipeWriter feed = std::move(child.stdin_());
    auto talking = spawn([&] { return child.communicate().out; });
    testing::until_keeping_alive(1);
    EXPECT_THROW(child.communicate(), ConcurrentUse);
    feed.send_all("x");
    feed.close();
    EXPECT_EQ(talking.get(), "x") << "the first is unharmed";

    Popen read_by_another({"cat"}, all_pipes());
    auto reading = spawn([&] {
        char c;
        return read_by_another.stdout_().recv({&c, 1});
    });
    while (Hub::current().stats().waiting_for_io == 0) {
        yield();
    }
    EXPECT_THROW(read_by_another.communicate(), ConcurrentUse);
    read_by_another.stdin_().close();
    EXPECT_EQ(reading.get(), 0u);
    read_by_another.wait();
}

TENDRIL_TEST(Communicate, AStreamThatIsClosedMeanwhileHasEnded) {
    Popen child({"cat"}, all_pipes());
    PipeWriter feed = std::move(child.stdin_());
    auto talking = spawn([&] { return child.communicate().out; });
    testing::until_keeping_alive(1);
    child.stdout_().close();
    feed.close();
    EXPECT_EQ(talking.get(), "");
}

TENDRIL_TEST(Communicate, SurvivesEintrAndSaysErrors) {
    const std::string input(200'000, 'e');
    {
        sys::set_fault_hook([](sys::Call call, int) noexcept -> sys::Fault {
            static unsigned n = 0;
            return (call == sys::Call::read || call == sys::Call::write || call == sys::Call::waitid) && ++n % 3 == 0
                       ? EINTR
                       : 0;
        });
        EXPECT_TRUE(Popen({"cat"}, all_pipes()).communicate(input).out == input);
        sys::set_fault_hook(nullptr);
    }
    Popen child({"cat"}, all_pipes());
    {
        const testing::FailNth fault([](sys::Call call) { return call == sys::Call::read; }, 1, EIO);
        EXPECT_EQ(errno_of([&] { child.communicate(input); }), EIO);
    }
    EXPECT_TRUE(child.communicate().out == input) << "and it goes on";
}

// A thousand children, each talking both ways.
TENDRIL_TEST(Communicate, AThousandChildrenAtOnce) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    const rlimit raised{std::min<rlim_t>(limit.rlim_max, 16384), limit.rlim_max};
    ASSERT_GE(raised.rlim_cur, 5000u);
    setrlimit(RLIMIT_NOFILE, &raised);
    // select() takes no descriptor from 1024 on.
    const int n = Hub::current().backend() == std::string_view("select") ? 200 : 1000;
    std::vector<Popen> children;
    for (int i = 0; i < n; ++i) {
        children.emplace_back(std::vector<std::string>{"cat"}, PopenOptions{.in = PIPE, .out = PIPE});
    }
    std::vector<Greenlet<bool>> talks;
    for (int i = 0; i < n; ++i) {
        talks.push_back(spawn([&, i] {
            Popen& child = children[static_cast<std::size_t>(i)];
            for (int turn = 0; turn < 3; ++turn) {
                const std::string text = std::to_string(i) + "/" + std::to_string(turn);
                child.stdin_().send_all(text);
                std::string answer(text.size(), '\0');
                if (child.stdout_().recv_exactly(answer) != text.size() || answer != text) {
                    return false;
                }
            }
            return child.communicate("the end").out == "the end" && child.returncode() == 0;
        }));
    }
    int right = 0;
    for (const auto& talk : talks) {
        right += talk.get() ? 1 : 0;
    }
    EXPECT_EQ(right, n);
    EXPECT_TRUE(no_child_left());
    children.clear();
    setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace
}  // namespace tendril
