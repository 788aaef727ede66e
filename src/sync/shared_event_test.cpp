// SPDX-License-Identifier: MIT

#include <tendril/shared_event.hpp>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/shield.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(SharedEvent, SetThenClearWakesAllWhoWaited) {
    SharedEvent event;
    EXPECT_FALSE(event.wait(1ms));
    EXPECT_FALSE(event.wait(0ms));
    int woken = 0;
    std::vector<Greenlet<void>> waiters;
    for (int i = 0; i < 100; ++i) {
        waiters.push_back(spawn([&] { woken += event.wait() ? 1 : 0; }));
    }
    yield();
    event.set();
    EXPECT_TRUE(event.is_set());
    EXPECT_TRUE(event.wait(0ms));
    event.clear();
    EXPECT_FALSE(event.is_set());
    join_all(waiters);
    EXPECT_EQ(woken, 100);
}

TENDRIL_TEST(SharedEvent, RefusesToWaitInACallback) {
    SharedEvent event;
    bool refused = false;
    Async async([&] {
        try {
            event.wait();
        } catch (const HubBlocked&) {
            refused = true;
        }
    });
    async.send_threadsafe();
    while (!refused) {
        yield();
    }
    EXPECT_EQ(Hub::current().stats().keeping_alive, 1u) << "the Async alone";
}

void destroy_while_waited_for() {
    auto event = std::make_unique<SharedEvent>();
    spawn_n([&] { event->wait(); });
    yield();
    event.reset();
}

TEST(SharedEvent, DestroyedWhileSomebodyWaitsAborts) {
    EXPECT_DEATH(destroy_while_waited_for(), "a SharedEvent was destroyed while green threads waited for it: [0-9]+");
}

TENDRIL_TEST(SharedEventThreads, OneThatWouldNotEndWithItsHubIsForgotten) {
    SharedEvent event;
    ::testing::internal::CaptureStderr();
    std::thread([&] {
        spawn_n([&] {
            const Shield shield;
            event.wait();
        });
        yield();
    }).join();
    const std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("it is abandoned"), std::string::npos) << text;
    event.set();  // wakes nobody, least of all on a stack that is gone
}

TENDRIL_TEST(SharedEventThreads, MayBeDestroyedAsSoonAsTheWaitIsOver) {
    for (int i = 0; i < 300; ++i) {
        auto event = std::make_unique<SharedEvent>();
        std::thread setter([e = event.get()] { e->set(); });
        event->wait();
        event.reset();
        setter.join();
    }
}

}  // namespace
}  // namespace tendril
