// SPDX-License-Identifier: MIT
//
// The hooks' common ground: a call parks its green thread and not the hub; kills, Timeouts, the plain places.
// How each call compares with the kernel's own is in the kernel_*_test.cpp.

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/patch/patch.hpp>
#include <tendril/shield.hpp>
#include <tendril/timeout.hpp>

#include "base/own_number.hpp"
#include "green_test.hpp"
#include "patch/green.hpp"
#include "patch/hooks.hpp"

namespace tendril::patch::detail {
namespace {

using namespace std::chrono_literals;

// A hooked call, as C code makes it.
template <class F>
F* hooked(const char* symbol) {
    return reinterpret_cast<F*>(hook_for(symbol)->replacement);
}
auto* const read_hook = hooked<decltype(::read)>("read");
auto* const write_hook = hooked<decltype(::write)>("write");
auto* const recv_hook = hooked<decltype(::recv)>("recv");
auto* const poll_hook = hooked<decltype(::poll)>("poll");
auto* const usleep_hook = hooked<decltype(::usleep)>("usleep");
auto* const close_hook = hooked<decltype(::close)>("close");

struct Pair {
    int ends[2];
    Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0); }
    ~Pair() {
        close_hook(ends[0]);
        close_hook(ends[1]);
    }
};
struct Pipe {
    int ends[2];
    Pipe() { EXPECT_EQ(::pipe(ends), 0); }
    ~Pipe() {
        close_hook(ends[0]);
        close_hook(ends[1]);
    }
};

TENDRIL_TEST(GreenCalls, AReadParksItsGreenThreadOnly) {
    for (const bool socket : {false, true}) {
        Pair pair;
        Pipe pipe;
        const int from = socket ? pair.ends[0] : pipe.ends[0];
        const int to = socket ? pair.ends[1] : pipe.ends[1];
        std::string order;
        auto reader = spawn([&] {
            char byte = 0;
            EXPECT_EQ(read_hook(from, &byte, 1), 1);
            EXPECT_EQ(byte, 'x');
            order += "read ";
        });
        auto writer = spawn([&] {
            order += "write ";
            EXPECT_EQ(write_hook(to, "x", 1), 1);
        });
        reader.join();
        writer.join();
        EXPECT_EQ(order, "write read ");
    }
}

TENDRIL_TEST(GreenCalls, ASendOfMuchSendsAllOfIt) {
    for (const bool socket : {false, true}) {
        Pair pair;
        Pipe pipe;
        const std::string much(4'000'000, 'm');
        auto writer = spawn([&] {
            EXPECT_EQ(write_hook(socket ? pair.ends[1] : pipe.ends[1], much.data(), much.size()),
                      static_cast<ssize_t>(much.size()));
        });
        std::string got(much.size(), 0);
        std::size_t done = 0;
        while (done < got.size()) {
            const ssize_t r = read_hook(socket ? pair.ends[0] : pipe.ends[0], got.data() + done, got.size() - done);
            ASSERT_GT(r, 0);
            done += static_cast<std::size_t>(r);
        }
        writer.join();
        EXPECT_TRUE(got == much);
    }
}

TENDRIL_TEST(GreenCalls, ATimeoutFailsEachWaitUntilItIsDelivered) {
    Pair pair;
    int errors = 0;
    const auto calls = [&] {
        const Timeout timeout(20ms);
        char byte = 0;
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(recv_hook(pair.ends[0], &byte, 1, 0), -1);
            errors += errno == ECANCELED ? 1 : 0;
        }
        pollfd one{pair.ends[0], POLLIN, 0};
        EXPECT_EQ(poll_hook(&one, 1, -1), -1);
        EXPECT_EQ(errno, ECANCELED);
        EXPECT_EQ(usleep_hook(1000), -1);
        EXPECT_EQ(errno, ECANCELED);
        deliver();
    };
    EXPECT_THROW(calls(), Timeout::Expired);
    EXPECT_EQ(errors, 3);
    usleep_hook(1000);
    deliver();
}

TENDRIL_TEST(GreenCalls, AKillFailsTheWaitAndIsThrownAtTheNext) {
    Pair pair;
    bool failed = false;
    auto victim = spawn([&] {
        char byte = 0;
        failed = recv_hook(pair.ends[0], &byte, 1, 0) == -1 && errno == ECANCELED;
        tendril::sleep(1h);
    });
    usleep_hook(1000);
    victim.kill();
    victim.join();
    EXPECT_TRUE(failed);
}

TENDRIL_TEST(GreenCalls, AShieldKeepsAWaitWhole) {
    Pair pair;
    ssize_t got = 0;
    auto victim = spawn([&] {
        const Shield shield;
        char byte = 0;
        got = recv_hook(pair.ends[0], &byte, 1, 0);
    });
    usleep_hook(1000);
    auto killer = spawn([&] { victim.kill(); });
    usleep_hook(1000);
    EXPECT_EQ(write_hook(pair.ends[1], "x", 1), 1);
    killer.join();
    victim.join();
    EXPECT_EQ(got, 1);
}

TENDRIL_TEST(GreenCalls, ACloseEndsTheWaitsForTheNumber) {
    Pair pair;
    int error = 0;
    auto reader = spawn([&] {
        char byte = 0;
        EXPECT_EQ(recv_hook(pair.ends[0], &byte, 1, 0), -1);
        error = errno;
    });
    usleep_hook(1000);
    EXPECT_EQ(close_hook(pair.ends[0]), 0);
    reader.join();
    EXPECT_EQ(error, EBADF);
    pair.ends[0] = -1;
}

TENDRIL_TEST(GreenCalls, AProgramThatClosesEverythingLeavesTheHubItsOwn) {
    auto* const dup2_hook = hooked<decltype(::dup2)>("dup2");
    auto* const close_range_hook = hooked<decltype(::close_range)>("close_range");
    int own = 0;
    for (int fd = 0; fd < 1024; ++fd) {
        if (tendril::detail::OwnNumber::is(fd)) {
            ++own;
            EXPECT_EQ(close_hook(fd), -1);
            EXPECT_EQ(errno, EBADF);
            EXPECT_EQ(dup2_hook(0, fd), -1);
            EXPECT_EQ(close_range_hook(static_cast<unsigned>(fd), static_cast<unsigned>(fd), 0), 0);
        }
    }
    EXPECT_GE(own, 1);
    const int other = ::fcntl(0, F_DUPFD, 1000);
    EXPECT_EQ(close_range_hook(1000, ~0U, 0), 0);
    EXPECT_EQ(::fcntl(other, F_GETFD), -1);
    EXPECT_EQ(usleep_hook(1000), 0);
    Pair pair;
    auto writer = spawn([&] { EXPECT_EQ(write_hook(pair.ends[1], "x", 1), 1); });
    char byte = 0;
    EXPECT_EQ(read_hook(pair.ends[0], &byte, 1), 1);
    writer.join();
}

TENDRIL_TEST(GreenCalls, ALoopThatNeverWaitsLetsOthersRun) {
    Pair pair;
    bool others = false;
    auto other = spawn([&] { others = true; });
    for (int i = 0; i < 100'000 && !others; ++i) {
        EXPECT_EQ(write_hook(pair.ends[0], "x", 1), 1);
        char byte = 0;
        EXPECT_EQ(read_hook(pair.ends[1], &byte, 1), 1);
    }
    EXPECT_TRUE(others);
    other.join();
}

TEST(GreenCallsThreads, AnOsThreadWithoutAHubMakesThePlainCall) {
    std::thread([] {
        Pair pair;
        std::thread writer([&] {
            EXPECT_EQ(::usleep(10'000), 0);
            EXPECT_EQ(write_hook(pair.ends[1], "x", 1), 1);
        });
        char byte = 0;
        EXPECT_EQ(read_hook(pair.ends[0], &byte, 1), 1);
        writer.join();
        EXPECT_FALSE(tendril::detail::here::has_hub());
    }).join();
}

TENDRIL_TEST(GreenCalls, AHandlerOfTheProgramBreaksAWaitOff) {
    int error = 0;
    ssize_t slept = 0;
    auto sleeper = spawn([&] {
        slept = usleep_hook(900'000'000);
        error = errno;
    });
    usleep_hook(1000);
    break_off_by_signal(true);  // a sleep is broken off even so
    sleeper.join();
    EXPECT_EQ(slept, -1);
    EXPECT_EQ(error, EINTR);
}

TENDRIL_TEST(GreenCalls, AReadGoesOnAfterAHandlerThatRestarts) {
    Pair pair;
    int error = 0;
    auto reader = spawn([&] {
        char byte = 0;
        EXPECT_EQ(recv_hook(pair.ends[0], &byte, 1, 0), -1);
        error = errno;
    });
    usleep_hook(1000);
    break_off_by_signal(true);
    usleep_hook(5000);
    EXPECT_EQ(error, 0);
    break_off_by_signal(false);
    reader.join();
    EXPECT_EQ(error, EINTR);
}

}  // namespace
}  // namespace tendril::patch::detail
