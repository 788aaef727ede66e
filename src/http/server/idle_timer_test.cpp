// SPDX-License-Identifier: MIT

#include "http/server/idle_timer.hpp"

#include <functional>

#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/socket.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril::http::detail {
namespace {

std::int64_t ns_from_now(std::chrono::nanoseconds time) {
    return here::clock_ns() + time.count();
}

TENDRIL_TEST(IdleTimer, EndsTheWaitAtItsTime) {
    auto [here, there] = TcpSocket::pair();
    IdleTimer timer(here.fd());
    timer.begin(ns_from_now(5ms));
    EXPECT_THROW(here.await_data(), TimeoutError);
    timer.end();
    there.send_all("x");
    here.await_data();
    EXPECT_EQ(here::timers().size(), 0u) << "it has fired, and nothing has begun since";
}

TENDRIL_TEST(IdleTimer, StaysArmedFromWaitToWaitAndGoesOnUntilTheLastOnesEnd) {
    auto [here, there] = TcpSocket::pair();
    char c = 0;
    const std::size_t before = here::timers().size();
    {
        IdleTimer timer(here.fd());
        timer.begin(ns_from_now(1ms));
        timer.end();
        EXPECT_EQ(here::timers().size(), before + 1);
        timer.begin(ns_from_now(1h));
        auto writer = spawn(
            [](TcpSocket& to) {
                sleep(10ms);  // it fires meanwhile, to no effect
                to.send_all("x");
            },
            std::ref(there));
        here.await_data();
        timer.end();
        EXPECT_EQ(here.recv({&c, 1}), 1u);
        EXPECT_EQ(here::timers().size(), before + 1);

        timer.begin(ns_from_now(5ms));  // sooner than it is armed for
        EXPECT_THROW(here.await_data(), TimeoutError);
    }
    EXPECT_EQ(here::timers().size(), before);
}

TENDRIL_TEST(IdleTimer, KeepsNoHubWaiting) {
    auto [here, there] = TcpSocket::pair();
    IdleTimer timer(here.fd());
    timer.begin(ns_from_now(1h));
    timer.end();
    EXPECT_TRUE(here::timers().only_background()) << "nothing waits: it is only left armed";
    EXPECT_TRUE(Hub::current().run_until_idle(1h));

    timer.begin(ns_from_now(1h));
    auto reader = spawn([&here = here] { here.await_data(); });
    sleep(0ms);
    EXPECT_FALSE(Hub::current().run_until_idle(0s)) << "the wait itself still counts";
    reader.kill();
    {
        const auto daemon = spawn({.daemon = true}, [&here = here] { here.await_data(); });
        EXPECT_TRUE(Hub::current().run_until_idle(1h)) << "that of a daemon does not";
        daemon.kill();
    }
    timer.end();
}

TENDRIL_TEST(IdleTimer, TriesAgainWhileNobodyWaitsYet) {
    auto [here, there] = TcpSocket::pair();
    IdleTimer timer(here.fd());
    timer.begin(ns_from_now(0ms));
    sleep(3ms);
    EXPECT_THROW(here.await_data(), TimeoutError);
}

}  // namespace
}  // namespace tendril::http::detail
