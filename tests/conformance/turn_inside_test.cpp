// SPDX-License-Identifier: MIT
//
// The hub inside another loop: here one of poll(2).

#include <poll.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include <tendril/error.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/pipe.hpp>
#include <tendril/watchers.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

bool has_descriptor() {
    const std::string_view backend = Hub::current().backend();
    return backend == "epoll" || backend == "io_uring";
}

// Sleeps as another loop would, until the hub wants a turn. Returns: how often it slept.
template <class Done>
int run_outside(Done done) {
    Hub& hub = Hub::current();
    int sleeps = 0;
    while (!done()) {
        const Deadline next = hub.turn();
        if (done() || next.passed()) {
            continue;
        }
        ++sleeps;
        pollfd one{has_descriptor() ? hub.descriptor() : -1, POLLIN, 0};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(next.remaining());
        constexpr std::chrono::milliseconds most = 10s;
        const auto timeout = has_descriptor() ? std::min(left, most) : std::min<std::chrono::milliseconds>(left, 1ms);
        ::poll(&one, has_descriptor() ? 1 : 0, static_cast<int>(timeout.count()));
    }
    return sleeps;
}

// Each in an OS thread of its own, whose main green thread is the other loop.
void in_an_os_thread(void (*body)()) {
    std::thread(body).join();
}

TENDRIL_TEST(TurnInside, TimersCome) {
    in_an_os_thread([] {
        int ticks = 0;
        spawn_n([&] {
            for (; ticks < 5; ++ticks) {
                sleep(2ms);
            }
        });
        const int sleeps = run_outside([&] { return ticks == 5; });
        EXPECT_GE(sleeps, has_descriptor() ? 1 : 0);
    });
}

TENDRIL_TEST(TurnInside, TheDescriptorTellsOfEvents) {
    in_an_os_thread([] {
        auto [reading, writing] = make_pipe();
        std::string got;
        const auto reader = spawn([&, end = std::move(reading)]() mutable {
            std::array<char, 16> buffer{};
            while (const std::size_t n = end.recv(buffer)) {
                got.append(buffer.data(), n);
            }
        });
        const int copy = ::dup(writing.fd());
        writing.close();
        std::thread writer([copy] {
            for (int i = 0; i < 5; ++i) {
                ::usleep(1000);
                ASSERT_EQ(::write(copy, "x", 1), 1);
            }
            ::close(copy);
        });
        run_outside([&] { return reader.ready(); });
        writer.join();
        EXPECT_EQ(got, "xxxxx");
    });
}

TENDRIL_TEST(TurnInside, TheDescriptorTellsOfWhatOtherOsThreadsSend) {
    in_an_os_thread([] {
        int seen = 0;
        std::thread sender([&seen, remote = Hub::current().remote()] {
            for (int i = 0; i < 5; ++i) {
                ::usleep(1000);
                remote.post_threadsafe([&] { ++seen; });
            }
        });
        run_outside([&] { return seen == 5; });
        sender.join();
    });
}

TENDRIL_TEST(TurnInside, SaysWhenThereIsMoreToDoAndWhenThereIsNothing) {
    in_an_os_thread([] {
        Hub& hub = Hub::current();
        EXPECT_TRUE(hub.turn().is_never());
        const auto busy = spawn([] {
            for (;;) {
                yield();
            }
        });
        EXPECT_TRUE(hub.turn().passed());
        EXPECT_TRUE(hub.turn().passed());
        busy.kill();
        const auto sleeper = spawn([] { sleep(1h); });
        const Deadline next = hub.turn();
        EXPECT_FALSE(next.is_never());
        EXPECT_GT(next.remaining(), 59min);
        sleeper.kill();
    });
}

TENDRIL_TEST(TurnInside, RunsTheWatchersOfEachTurnOnce) {
    in_an_os_thread([] {
        std::string order;
        Prepare prepare([&] { order += 'p'; });
        Check check([&] { order += 'c'; });
        prepare.start();
        check.start();
        for (int i = 0; i < 3; ++i) {
            EXPECT_TRUE(Hub::current().turn().is_never());
        }
        EXPECT_EQ(order, "pcpcpc");
    });
}

TENDRIL_TEST(TurnInside, LetsIdleOnesRun) {
    in_an_os_thread([] {
        bool ran = false;
        Idle idle([&] { ran = true; });
        idle.start();
        for (int i = 0; i < 3 && !ran; ++i) {
            Hub::current().turn();
        }
        EXPECT_TRUE(ran);
    });
}

TENDRIL_TEST(TurnInside, IsRefusedInACallbackAndOnAnotherOsThread) {
    Hub& hub = Hub::current();
    hub.remote().post_threadsafe([&] { EXPECT_THROW(hub.turn(), HubBlocked); });
    EXPECT_TRUE(hub.run_until_idle());
    std::thread([&] {
        EXPECT_THROW(hub.turn(), WrongThread);
        EXPECT_THROW(static_cast<void>(hub.descriptor()), WrongThread);
    }).join();
}

TENDRIL_TEST(TurnInside, ABackendWithoutADescriptorSaysSo) {
    if (has_descriptor()) {
        EXPECT_GE(Hub::current().descriptor(), 0);
        return;
    }
    try {
        static_cast<void>(Hub::current().descriptor());
        ADD_FAILURE() << "it has one";
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code().value(), ENOTSUP);
        EXPECT_NE(std::string(e.what()).find("use epoll or io_uring"), std::string::npos) << e.what();
    }
}

TENDRIL_TEST(TurnInside, IsBrokenOffByAKill) {
    const auto turning = spawn([] {
        for (;;) {
            Hub::current().turn();
        }
    });
    yield();
    turning.kill();
    EXPECT_TRUE(turning.killed());
}

}  // namespace
}  // namespace tendril
