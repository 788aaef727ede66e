// SPDX-License-Identifier: MIT

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/snapshot.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// Waits until `done`, while the hub goes on.
void wait_until(const std::function<bool()>& done) {
    while (!done()) {
        yield();
    }
}

TENDRIL_TEST(AsyncThreads, EverySendIsFollowedByARun) {
    constexpr int senders = 4;
    constexpr int sends = 500;
    std::atomic<int> sent{0};
    int seen = 0;
    Async async([&] { seen = sent.load(); });
    std::vector<std::thread> threads;
    for (int t = 0; t < senders; ++t) {
        threads.emplace_back([&sent, s = async.sender()] {
            for (int i = 0; i < sends; ++i) {
                ++sent;
                EXPECT_TRUE(s.send_threadsafe());
            }
        });
    }
    wait_until([&] { return seen == senders * sends; });
    for (std::thread& t : threads) {
        t.join();
    }
}

TENDRIL_TEST(AsyncThreads, SendersOutliveTheAsyncAndItsHub) {
    std::optional<Async::Sender> sender;
    std::thread([&] {
        {
            Async async([] { ADD_FAILURE() << "it ran"; });
            sender = async.sender();
            EXPECT_TRUE(sender->send_threadsafe()) << "on its way, and never delivered";
        }
        EXPECT_FALSE(sender->send_threadsafe()) << "the Async is gone";
        yield();
        Async unread([] { ADD_FAILURE() << "it ran"; });
        sender = unread.sender();
        EXPECT_TRUE(sender->send_threadsafe());
    }).join();
    EXPECT_FALSE(sender->send_threadsafe()) << "its hub is gone";
    const Async::Sender copy = *sender;
    EXPECT_FALSE(copy.send_threadsafe());
}

TENDRIL_TEST(AsyncThreads, SendingMeetsTheEndOfTheHub) {
    for (int i = 0; i < 50; ++i) {
        std::atomic<int> stage{0};
        std::optional<Async::Sender> sender;
        std::thread hub([&] {
            Async async([] {});
            sender = async.sender();
            stage = 1;
            while (stage != 2) {
                yield();
            }
        });
        while (stage != 1) {
            std::this_thread::yield();
        }
        stage = 2;
        while (sender->send_threadsafe()) {
        }
        hub.join();
    }
}

TENDRIL_TEST(Async, MayBeDestroyedInItsOwnCallback) {
    const auto held = std::make_shared<int>(0);
    auto async = std::make_unique<std::optional<Async>>();
    async->emplace([&async, held] {
        async->reset();
        ++*held;  // what the callback holds lives while it runs
    });
    (*async)->send_threadsafe();
    wait_until([&] { return *held == 1; });
    yield();
    EXPECT_EQ(held.use_count(), 1);
}

TENDRIL_TEST(Async, GivesBackWhatItsCallbackHoldsWhenItIsDestroyed) {
    const auto held = std::make_shared<int>(0);
    std::optional<Async> async(std::in_place, [held] {});
    const Async::Sender sender = async->sender();
    EXPECT_EQ(held.use_count(), 2);
    async.reset();
    EXPECT_EQ(held.use_count(), 1) << "now, not with the last sender";
}

TENDRIL_TEST(Async, ASendFromItsCallbackRunsItAgain) {
    int runs = 0;
    std::optional<Async> async;
    async.emplace([&] {
        if (++runs < 3) {
            async->send_threadsafe();
        }
    });
    async->send_threadsafe();
    wait_until([&] { return runs == 3; });
}

TENDRIL_TEST(Async, AnErrorInItsCallbackIsReportedAndTheNextSendWorks) {
    int runs = 0;
    Async async([&] {
        if (++runs == 1) {
            throw std::runtime_error("bad callback");
        }
        EXPECT_THROW(sleep(1ms), HubBlocked);
    });
    async.send_threadsafe();
    wait_until([&] { return runs == 1; });
    async.send_threadsafe();
    wait_until([&] { return runs == 2; });
    EXPECT_EQ(testing::take_unhandled(), std::vector<std::string>{"Async callback: std::runtime_error: bad callback"});
}

TENDRIL_TEST(Async, AnEmptyCallbackIsRefused) {
    EXPECT_THROW(Async(nullptr), std::invalid_argument);
}

TEST(Async, OneThatKeepsNothingAliveStillDeliversWhatWasSent) {
    std::thread([] {
        const AnyGreenlet me = current();
        Async async([me] { me.kill_nowait(); }, {.ref = false});
        EXPECT_THROW(sleep(never), LoopExit);
        async.send_threadsafe();
        EXPECT_THROW(sleep(never), GreenletExit);
        EXPECT_EQ(Hub::current().stats().keeping_alive, 0u);
    }).join();
}

TENDRIL_TEST(AsyncThreads, DestroyedOnAForeignOsThreadItIsReported) {
    ::testing::internal::CaptureStderr();
    std::thread([] {
        auto async = std::make_unique<Async>([] {}, WatcherOptions{.ref = false});
        std::thread([moved = std::move(async)] {}).join();
    }).join();
    const std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("an Async was destroyed on an OS thread other than its own"), std::string::npos) << text;
}

TENDRIL_TEST(Async, IsPendingFromTheFirstSendUntilItsCallbackBegins) {
    std::optional<Async> async;
    bool inside = true;
    int runs = 0;
    async.emplace([&] {
        inside = async->pending();
        ++runs;
    });
    const Async::Sender sender = async->sender();
    EXPECT_FALSE(async->pending());
    async->send_threadsafe();
    EXPECT_TRUE(async->pending());
    sender.send_threadsafe();  // merged into the first
    EXPECT_TRUE(sender.pending_threadsafe());
    wait_until([&] { return runs == 1; });
    EXPECT_FALSE(inside) << "a send from now on is a new one";
    EXPECT_FALSE(async->pending());
    yield();
    EXPECT_EQ(runs, 1);

    async->send_threadsafe();
    async.reset();
    EXPECT_FALSE(sender.pending_threadsafe()) << "it will not run";
}

TENDRIL_TEST(Async, OfThoseDueTogetherTheHighestPriorityRunsFirst) {
    std::string order;
    const auto letter = [&](char which) { return [&order, which] { order += which; }; };
    Async low(letter('l'), {.priority = -2});
    Async normal(letter('n'));
    Async high(letter('h'), {.priority = 2});
    const auto send_all = [&] {
        for (const Async* each : {&low, &normal, &high}) {
            each->send_threadsafe();
        }
        wait_until([&] { return order.size() == 3; });
    };
    send_all();
    EXPECT_EQ(order, "hnl");
    order.clear();
    low.set_priority(1);
    high.set_priority(0);
    send_all();
    EXPECT_EQ(order, "lnh");
    EXPECT_EQ(snapshot().watchers.at(0).priority, 1);
    EXPECT_THROW(low.set_priority(3), std::invalid_argument);
    EXPECT_THROW(Async([] {}, {.priority = -3}), std::invalid_argument);
    const Async moved = std::move(low);
    EXPECT_THROW(low.set_priority(0), std::logic_error);  // NOLINT(bugprone-use-after-move)
    EXPECT_FALSE(low.pending());
}

TENDRIL_TEST(AsyncThreads, ItsPriorityIsItsOwnOsThreads) {
    Async async([] {});
    std::thread([&] { EXPECT_THROW(async.set_priority(1), WrongThread); }).join();
}

TENDRIL_TEST(Async, CanBeMoved) {
    int runs = 0;
    Async first([&] { ++runs; });
    const Async::Sender sender = first.sender();
    Async second(std::move(first));
    EXPECT_THROW(first.send_threadsafe(), std::logic_error);  // NOLINT(bugprone-use-after-move)
    sender.send_threadsafe();
    sleep(2ms);
    first = std::move(second);
    first.send_threadsafe();
    sleep(2ms);
    EXPECT_EQ(runs, 2);
}

}  // namespace
}  // namespace tendril
