// SPDX-License-Identifier: MIT
//
// behaviours.md, section 3 E and B: results that are set once, and waiting for some of many.

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/async_result.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>
#include <tendril/timeout.hpp>
#include <tendril/wait.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(ConformanceB, TB13_AnOutcomeIsForwardedToAResult) {
    const AsyncResult<int> value, error, exit;
    forward(spawn([] { return 7; }), value);
    forward(spawn([]() -> int { throw std::runtime_error("no"); }), error);
    const auto victim = spawn([]() -> int {
        sleep(1h);
        return 1;
    });
    forward(victim, exit);
    EXPECT_EQ(value.get(), 7);
    EXPECT_THROW(error.get(), std::runtime_error);
    EXPECT_FALSE(exit.ready());
    victim.kill();
    EXPECT_THROW(exit.get(), GreenletKilled);

    const AsyncResult<int> late;
    const auto ended = spawn([] { return 8; });
    ended.join();
    forward(ended, late);
    EXPECT_FALSE(late.ready()) << "from the hub, not at once";
    EXPECT_EQ(late.get(), 8);
}

TENDRIL_TEST(ConformanceB, TB13_AnOutcomeIsForwardedToAQueue) {
    Queue<AnyGreenlet> ended;
    const auto g = spawn([] { return 7; });
    const Link link = g.link([&](const AnyGreenlet& which) { ended.put(which); });
    EXPECT_TRUE(ended.empty());
    EXPECT_EQ(ended.get(), g);
}

TENDRIL_TEST(ConformanceE, TE05_ValueErrorDeadlineAndNonBlockingForms) {
    const AsyncResult<std::string> value;
    EXPECT_FALSE(value.ready() || value.successful());
    EXPECT_EQ(value.exception(), nullptr);
    EXPECT_THROW(value.get_nowait(), TimeoutError);
    EXPECT_THROW(value.get(1ms), TimeoutError);
    EXPECT_THROW(value.get(0s), TimeoutError);
    EXPECT_FALSE(value.wait(1ms));
    const auto getter = spawn([&] { return value.get(); });
    const auto in_time = spawn([&] { return value.get(1h); });
    const auto waiter = spawn([&] { return value.wait(1h); });
    yield();
    value.set("hello");
    EXPECT_TRUE(value.ready() && value.successful());
    EXPECT_EQ(value.get(), "hello");
    EXPECT_EQ(value.get(0s), "hello");
    EXPECT_EQ(value.get_nowait(), "hello");
    EXPECT_TRUE(value.wait(0s));
    EXPECT_EQ(getter.get() + in_time.get(), "hellohello");
    EXPECT_TRUE(waiter.get());

    const AsyncResult<std::string> error;
    const auto asker = spawn([&] { return error.get(); });
    yield();
    error.set_exception(std::out_of_range("far"));
    EXPECT_TRUE(error.ready() && !error.successful());
    EXPECT_NE(error.exception(), nullptr);
    EXPECT_TRUE(error.wait()) << "wait() says that it is set, not how";
    EXPECT_THROW(asker.get(), std::out_of_range);
    EXPECT_THROW(error.get(), std::out_of_range);
    EXPECT_THROW(error.get_nowait(), std::out_of_range) << "again and again";
}

TENDRIL_TEST(ConformanceE, TE05_ADeadlineIsNoTimeoutAroundIt) {
    const AsyncResult<int> result;
    Timeout outer(1ms);
    try {
        result.get(1h);
        ADD_FAILURE();
    } catch (const Timeout::Expired& e) {
        EXPECT_TRUE(outer.threw(e));
    }
}

TENDRIL_TEST(ConformanceE, TE06_AResultCallsBackFromTheHub) {
    for (const bool late : {false, true}) {
        const AsyncResult<int> result;
        if (late) {
            result.set(1);
        }
        std::string log;
        const Link link = result.link([&](const AsyncResult<int>& which) { log += which == result ? "called" : "?"; });
        if (!late) {
            result.set(1);
        }
        EXPECT_EQ(log, "");
        yield();
        EXPECT_EQ(log, "called");
    }
}

TENDRIL_TEST(ConformanceE, TE07_WaitReturnsWhatBecameReadyInThatOrder) {
    Event event;
    const AsyncResult<int> result;
    const auto g = spawn([] { sleep(1ms); });
    const auto never_ends = spawn([] { sleep(1h); });
    const std::vector<AnyWaitable> all{AnyWaitable(never_ends), AnyWaitable(event), AnyWaitable(g),
                                       AnyWaitable(result)};
    spawn_n([&] {
        result.set(1);
        event.set();
    });
    const auto first = wait(all, never, 1);
    ASSERT_EQ(first.size(), 1u);
    EXPECT_TRUE(first[0].is(result));
    const auto two = wait(all, 1h, 2);
    ASSERT_EQ(two.size(), 2u) << "those that are ready already, in the order of the range";
    EXPECT_TRUE(two[0].is(event) && two[1].is(result));
    const auto three = wait(all, never, 3);
    ASSERT_EQ(three.size(), 3u);
    EXPECT_TRUE(three[2].is(g));
    EXPECT_EQ(wait(all, 1ms).size(), 3u) << "what there was by the deadline";
    EXPECT_TRUE(wait(all, 1ms, 0).empty());
    never_ends.kill();
    EXPECT_EQ(wait(all).size(), 4u);
}

TENDRIL_TEST(ConformanceE, TE07_GreenThreadsInTheOrderOfTheirEnds) {
    std::vector<Greenlet<int>> all;
    for (const int i : {3, 1, 2}) {
        all.push_back(spawn([i] {
            for (int turn = 0; turn < i; ++turn) {
                yield();
            }
            return i;
        }));
    }
    std::vector<int> order;
    for (const Greenlet<int>& each : iwait(all)) {
        order.push_back(each.get());
    }
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TENDRIL_TEST(ConformanceE, TE09_ASecondSetIsRefusedAndTheFirstStays) {
    const AsyncResult<int> value, error;
    value.set(1);
    error.set_exception(std::runtime_error("first"));
    for (const auto& result : {value, error}) {
        EXPECT_THROW(result.set(2), std::logic_error);
        EXPECT_THROW(result.set_exception(std::range_error("second")), std::logic_error);
    }
    EXPECT_EQ(value.get(), 1);
    try {
        error.get();
        ADD_FAILURE();
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "first");
    }
}

TENDRIL_TEST(ConformanceE, TE09_AnErrorGoesToEveryWaiter) {
    const AsyncResult<int> result;
    int caught = 0;
    std::vector<Greenlet<void>> all;
    for (int i = 0; i < 5; ++i) {
        all.push_back(spawn([&] {
            try {
                result.get();
            } catch (const std::runtime_error&) {
                ++caught;
            }
        }));
    }
    yield();
    result.set_exception(std::runtime_error("for all"));
    join_all(all);
    EXPECT_EQ(caught, 5);
}

// In place of a reset: for another round the user makes a new one, so no waiter sees the old value by mistake.
TENDRIL_TEST(ConformanceE, TE09_ANewResultIsArmedAgain) {
    AsyncResult<int> result;
    result.set(1);
    const AsyncResult<int> first = result;
    result = AsyncResult<int>();
    EXPECT_FALSE(result.ready());
    const auto waiter = spawn([&] { return result.get(); });
    yield();
    result.set(2);
    EXPECT_EQ(waiter.get() * 10 + first.get(), 21);
}

// Something to watch that knows whether anybody does.
struct Watched {
    mutable detail::List<detail::Observer> observers;
    bool is_ready = false;
    bool ready() const { return is_ready; }
    void observe(detail::Observer& observer) const { observers.push_back(observer); }
    void become_ready() {
        is_ready = true;
        detail::notify_all(observers);
    }
};

TENDRIL_TEST(ConformanceE, TE10_LeavingAnIwaitEarlyUnlinksFromTheRest) {
    std::vector<Watched> all(3);
    all[1].is_ready = true;
    const auto watched = [&] { return !all[0].observers.empty() && !all[2].observers.empty(); };
    for (const Watched& each : iwait(all)) {
        EXPECT_EQ(&each, &all[1]);
        EXPECT_TRUE(watched());
        break;
    }
    EXPECT_FALSE(watched());
    EXPECT_TRUE(all[0].observers.empty() && all[2].observers.empty());

    const auto dies = spawn([&] {
        for (const Watched& each : iwait(all)) {
            static_cast<void>(each);
        }
    });
    yield();
    EXPECT_TRUE(watched());
    dies.kill();
    EXPECT_TRUE(all[0].observers.empty() && all[2].observers.empty());
}

TENDRIL_TEST(ConformanceE, TE11_AWaitAfterOneThatTimedOutSeesNothingStale) {
    std::vector<Watched> all(2);
    for (const Watched& each : iwait(all, 1ms)) {
        ADD_FAILURE() << each.is_ready;
    }
    const std::vector<const Watched*> pointers{&all[0], &all[1]};
    EXPECT_TRUE(wait(pointers, 1ms).empty());
    all[0].become_ready();
    EXPECT_EQ(wait(pointers, 1ms), std::vector{pointers[0]});
    const auto both = spawn([&] { return wait(pointers); });
    yield();
    EXPECT_FALSE(both.ready()) << "the second is not ready";
    all[1].become_ready();
    EXPECT_EQ(both.get(), pointers);

    // gevent's: two that end, waited for one at a time.
    const auto quick = spawn([] {});
    const auto slow = spawn([] { sleep(2ms); });
    const std::vector<AnyGreenlet> greenlets{quick, slow};
    std::vector<AnyGreenlet> seen;
    for (const Deadline deadline : {Deadline(0s), never}) {
        for (const AnyGreenlet& each : iwait(greenlets, deadline)) {
            seen.push_back(each);
        }
    }
    EXPECT_EQ(seen, (std::vector<AnyGreenlet>{quick, quick, slow}));
}

}  // namespace
}  // namespace tendril
