// SPDX-License-Identifier: MIT
//
// Links beyond what conformance/lifecycle_link_test.cpp shows: callbacks that fail, wait, and unlink.

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/watchers.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(Link, ACallbackMustNotWaitButMaySpawn) {
    std::string order;
    const auto g = spawn([] {});
    const Link link = g.link([&](const AnyGreenlet& ended) {
        EXPECT_THROW(sleep(1ms), HubBlocked);
        EXPECT_THROW(yield(), HubBlocked);
        EXPECT_THROW(idle(), HubBlocked);
        EXPECT_NO_THROW(ended.join()) << "what does not wait is allowed";
        spawn_n([&] { order += "spawned "; });
        order += "callback ";
    });
    g.join();
    yield();
    yield();
    EXPECT_EQ(order, "callback spawned ");
}

TENDRIL_TEST(Link, TheHubsOwnGreenThreadCannotBeEndedByACallback) {
    int runs = 0;
    for (int i = 0; i < 2; ++i) {
        const auto g = spawn([] {});
        g.link([&](const AnyGreenlet&) {
             ++runs;
             current().kill_nowait();
         }).keep();
        yield();
        yield();
    }
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(testing::take_unhandled().size(), 2u) << "each was told that it must not";
}

TENDRIL_TEST(Link, ItsCallbackMayDestroyIt) {
    int runs = 0;
    std::optional<Link> first, second;
    const auto g = spawn([] {});
    first = g.link([&](const AnyGreenlet&) {
        ++runs;
        first.reset();
        second.reset();
    });
    second = g.link([&](const AnyGreenlet&) { ++runs; });
    g.join();
    yield();
    EXPECT_EQ(runs, 1) << "an unlink during the notification is honoured";
}

TENDRIL_TEST(Link, FreesWhatItsCallbackHolds) {
    const auto held = std::make_shared<int>(1);
    const auto callback = [held](const AnyGreenlet&) {};
    const auto g = spawn([] { yield(); });
    {
        Link moved_from = g.link(callback);
        Link moved_to = std::move(moved_from);
        EXPECT_EQ(held.use_count(), 3);
    }
    EXPECT_EQ(held.use_count(), 2) << "unlinked";
    g.link(callback).keep();
    g.link_exception(callback).keep();
    g.join();
    yield();
    EXPECT_EQ(held.use_count(), 2) << "run, or never to run";
}

TENDRIL_TEST(Link, TheReportOfAnErrorOutlivesTheGreenThread) {
    // The kept link holds the last reference; the report still names it.
    spawn({.name = "a name too long to be stored inside of a string"}, [] {
    }).link([](const AnyGreenlet&) {
          throw std::runtime_error("bad callback");
      }).keep();
    std::string name;
    Hub::current().set_error_handler([&](const ErrorContext& c, const std::exception_ptr&) { name = c.name; });
    yield();
    yield();
    EXPECT_EQ(name, "a name too long to be stored inside of a string");
}

TENDRIL_TEST(Link, OutlivesItsHandleAndItsGreenThread) {
    int runs = 0;
    Link link;
    {
        const auto g = spawn([] {});
        link = g.link([&](const AnyGreenlet& ended) { runs += ended.successful() ? 1 : 100; });
    }
    yield();
    yield();
    EXPECT_EQ(runs, 1);
    link.unlink();
    link.unlink();
}

// A callback that makes the next one due keeps nobody from running: not timers, watchers, nor others that are ready.
TENDRIL_TEST(Link, CallbacksThatNeverEndStarveNobody) {
    const Greenlet<void> ended = spawn([] {});
    ended.join();
    bool over = false;
    std::size_t rounds = 0;
    const std::function<void()> step = [&] {
        if (!over && ++rounds < 10'000'000) {
            ended.link([&](const auto&) { step(); }).keep();
        }
    };
    step();
    bool ran = false;
    spawn_n([&] { ran = true; });
    std::size_t ticks = 0;
    const Timer timer(1ms, [&] { ++ticks; });
    for (int i = 0; i < 1000 && ticks == 0; ++i) {
        sleep(2ms);
    }
    over = true;
    EXPECT_LT(rounds, 10'000'000u);
    EXPECT_TRUE(ran);
    EXPECT_EQ(ticks, 1u);
    yield();
    yield();
}

}  // namespace
}  // namespace tendril
