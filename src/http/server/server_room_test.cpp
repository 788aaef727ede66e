// SPDX-License-Identifier: MIT
//
// Which connections keep their place in a full server: no idle ones while others wait, nor all of one client's.

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/shared_semaphore.hpp>

#include "green_test.hpp"
#include "http_server.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using testing::get;
using testing::RawHttp;
using testing::Served;

void say_path(Request& request, Response& response) {
    response.send(request.path());
}

TENDRIL_TEST(HttpServerRoom, TheLongestIdleMakesRoomForANewClient) {
    Served served(say_path, {.connections = {.concurrency = 3}});
    RawHttp first = served.client();
    RawHttp second = served.client();
    RawHttp silent = served.client();  // sends nothing at all
    EXPECT_EQ(first.ask(get("/1")).body, "/1");
    EXPECT_EQ(second.ask(get("/2")).body, "/2");
    EXPECT_EQ(first.ask(get("/1")).body, "/1");
    EXPECT_EQ(served.ask(get("/4")).body, "/4");
    EXPECT_EQ(silent.rest(), "");
    RawHttp fifth = served.client();
    EXPECT_EQ(fifth.ask(get("/5")).body, "/5");
    RawHttp sixth = served.client();
    EXPECT_EQ(sixth.ask(get("/6")).body, "/6");
    EXPECT_EQ(second.rest(), "") << "idle for longer than the first";
    EXPECT_EQ(first.ask(get("/1")).body, "/1");
}

TENDRIL_TEST(HttpServerRoom, ABusyOneIsNotDropped) {
    Event go;
    Served served(
        [&](Request& request, Response& response) {
            if (request.path() == "/busy") {
                go.wait();
            }
            say_path(request, response);
        },
        {.connections = {.concurrency = 1}});
    RawHttp busy = served.client();
    busy.send(get("/busy"));
    RawHttp waiting = served.client();
    waiting.send(get("/2"));
    auto answered = spawn([&] { return waiting.read().body; });
    EXPECT_FALSE(answered.join(5ms));
    go.set();
    EXPECT_EQ(busy.read().body, "/busy");
    EXPECT_EQ(answered.get(), "/2") << "once it is idle";
    EXPECT_EQ(busy.rest(), "");
}

TENDRIL_TEST(HttpServerRoom, ManyIdleOnesShutNobodyOut) {
    Served served(say_path, {.connections = {.concurrency = 4}});
    std::deque<RawHttp> quiet;
    for (int i = 0; i < 10; ++i) {
        quiet.emplace_back(served.server.address());
        EXPECT_EQ(quiet.back().ask(get("/quiet")).body, "/quiet");
    }
    EXPECT_EQ(served.ask(get("/new")).body, "/new");
}

TENDRIL_TEST(HttpServerThreads, TheIdleOnesOfAllHubsMakeRoom) {
    Server server("127.0.0.1:0", say_path, {.connections = {.concurrency = 2, .hubs = 2}});
    server.start();
    std::deque<RawHttp> quiet;
    for (int i = 0; i < 12; ++i) {
        quiet.emplace_back(server.address());
        EXPECT_EQ(quiet.back().ask(get("/quiet")).body, "/quiet");
    }
    EXPECT_EQ(server.stop(1h), 0U);
}

// A handler that waits at "/busy-n" until its gate is released.
struct Gates {
    SharedSemaphore first{0};
    SharedSemaphore second{0};

    void operator()(Request& request, Response& response) {
        if (request.path() == "/busy-1") {
            first.acquire();
        } else if (request.path() == "/busy-2") {
            second.acquire();
        }
        say_path(request, response);
    }
};

TENDRIL_TEST(HttpServerThreads, AnIdleOneOfAnotherHubHasItsTimeToo) {
    Gates gates;
    Server server("127.0.0.1:0", std::ref(gates), {.connections = {.concurrency = 1, .hubs = 2}});
    server.start();
    RawHttp busy(server.address());
    busy.send(get("/busy-1"));
    RawHttp idle(server.address());
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(idle.ask(get("/idle")).body, "/idle");
    RawHttp third(server.address());
    EXPECT_EQ(third.ask(get("/3")).body, "/3");
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 45ms) << "a request could have been on its way";
    EXPECT_EQ(idle.rest(), "");
    gates.first.release();
    EXPECT_EQ(busy.read().body, "/busy-1");
    EXPECT_EQ(server.stop(1h), 0U);
}

TENDRIL_TEST(HttpServerThreads, RoomThatWasFoundIsWantedNoMore) {
    Gates gates;
    Server server("127.0.0.1:0", std::ref(gates), {.connections = {.concurrency = 1, .hubs = 2}});
    server.start();
    std::optional<RawHttp> first(std::in_place, server.address());
    first->send(get("/busy-1"));
    RawHttp second(server.address());
    second.send(get("/busy-2"));
    std::optional<RawHttp> third(std::in_place, server.address());
    third->send(get("/3"));
    sleep(20ms);  // so that the third asks for room first; if it asks later, nothing is tested
    gates.first.release();
    EXPECT_EQ(first->read().body, "/busy-1");
    first.reset();
    EXPECT_EQ(third->read().body, "/3");
    third.reset();
    while (server.stats().open > 1) {
        sleep(1ms);
    }
    gates.second.release();
    EXPECT_EQ(second.read().body, "/busy-2");
    sleep(5ms);
    EXPECT_EQ(second.ask(get("/again")).body, "/again") << "dropped although there is room";
    EXPECT_EQ(server.stop(1h), 0U);
}

TENDRIL_TEST(HttpServerRoom, OneAddressHasItsLimit) {
    Served served(say_path, {.connections = {.max_per_address = 2}});
    {
        RawHttp first = served.client();
        RawHttp second = served.client();
        EXPECT_EQ(first.ask(get("/1")).body, "/1");
        EXPECT_EQ(second.ask(get("/2")).body, "/2");
        EXPECT_EQ(served.client().rest(), "") << "closed at once";
    }
    while (served.server.stats().open > 0) {
        yield();
    }
    EXPECT_EQ(served.ask(get("/3")).body, "/3");
}

}  // namespace
}  // namespace tendril::http
