// SPDX-License-Identifier: MIT
//
// Timeout beyond what conformance/timeout_*_test.cpp shows: its states, reset, and other green threads' hands on it.

#include <tendril/timeout.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/shield.hpp>

#include "green_test.hpp"
#include "hub/hub_core.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// As a poll would find them then.
void fire_timers_until(Deadline then) {
    detail::HubCore& hub = detail::HubCore::here();
    hub.timers.run(then.ns(), hub.ready);
}

TENDRIL_TEST(Timeout, ExpiresAtTheNextWaitEvenAtAYieldAndOnce) {
    Timeout limit(0s);
    EXPECT_TRUE(limit.pending());
    EXPECT_FALSE(limit.expired());
    EXPECT_THROW(yield(), Timeout::Expired);
    EXPECT_FALSE(limit.pending());
    EXPECT_TRUE(limit.expired());
    yield();
    sleep(0s);
}

TENDRIL_TEST(Timeout, ComputingIsNeverInterrupted) {
    bool computed = false;
    EXPECT_FALSE(with_timeout(1ms, [&] {
        const auto until = std::chrono::steady_clock::now() + 3ms;
        while (std::chrono::steady_clock::now() < until) {
        }
        computed = true;
        while (true) {
            yield();
        }
    }));
    EXPECT_TRUE(computed);
}

TENDRIL_TEST(Timeout, ATimePointIsADeadlineToo) {
    EXPECT_FALSE(with_timeout(std::chrono::steady_clock::now() + 1ms, [] { sleep(1h); }));
    EXPECT_FALSE(with_timeout(std::chrono::steady_clock::now() - 1h, [] { yield(); })) << "long past";
    EXPECT_TRUE(with_timeout(std::chrono::hours(24 * 365 * 1000), [] { yield(); })) << "too long for the clock: never";
}

TENDRIL_TEST(Timeout, ResetBeginsAgain) {
    Timeout limit(0s);
    limit.reset(1h);
    yield();
    EXPECT_TRUE(limit.pending());
    limit.reset(0s);
    EXPECT_THROW(yield(), Timeout::Expired);
    limit.reset(0s);
    EXPECT_FALSE(limit.expired()) << "not this time";
    EXPECT_THROW(yield(), Timeout::Expired);
    limit.reset(never);
    EXPECT_FALSE(limit.pending());
    EXPECT_EQ(Hub::current().stats().timers, 0u);
}

TENDRIL_TEST(Timeout, SaysWhatItWasArmedWith) {
    const Deadline moment = 1h;
    Timeout limit(moment);
    EXPECT_EQ(limit.deadline(), moment);
    EXPECT_LE(limit.length(), 1h);
    EXPECT_GT(limit.length(), 30min);
    EXPECT_EQ(limit.error(), nullptr);
    limit.cancel();
    EXPECT_EQ(limit.deadline(), moment) << "what it was armed with last";
    limit.reset(2h);
    EXPECT_GT(limit.length(), 1h);
    limit.reset(never);
    EXPECT_TRUE(limit.deadline().is_never());
    EXPECT_EQ(limit.length(), std::chrono::nanoseconds(forever));

    const auto error = std::make_exception_ptr(std::runtime_error("too late"));
    const Timeout other(never, error);
    EXPECT_EQ(other.error(), error);
}

TENDRIL_TEST(Timeout, ItsExpirySaysSoToo) {
    const int line = __LINE__ + 1;
    Timeout limit(1h);
    yield();
    fire_timers_until(2h);
    try {
        yield();
        ADD_FAILURE() << "it did not expire";
    } catch (const Timeout::Expired& e) {
        EXPECT_EQ(e.length(), limit.length());
        EXPECT_GT(e.length(), 30min);
        EXPECT_EQ(e.where().line, line);
        EXPECT_STREQ(e.where().file, limit.where().file);
        EXPECT_EQ(limit.where().line, line);
    }
    limit.reset(0s);
    EXPECT_EQ(limit.length(), 0s);
    EXPECT_THROW(yield(), Timeout::Expired);
}

TENDRIL_TEST(Timeout, AnotherGreenThreadMayPutItOffOrBringItOn) {
    Timeout* limit = nullptr;
    const auto worker = spawn([&] {
        Timeout mine(1h);
        limit = &mine;
        EXPECT_THROW(sleep(2h), Timeout::Expired);
    });
    yield();
    limit->reset(2h);
    yield();
    EXPECT_TRUE(limit->pending());
    limit->reset(0s);
    worker.join();
    EXPECT_TRUE(worker.successful());
}

// It has broken off the wait already, so that wait has no other outcome: sleep() must not come back early.
TENDRIL_TEST(Timeout, CancelledByAnotherTooLateItIsThrown) {
    for (const bool by_reset : {false, true}) {
        Timeout* limit = nullptr;
        const auto worker = spawn([&] {
            Timeout mine(1h);
            limit = &mine;
            EXPECT_THROW(sleep(3h), Timeout::Expired);
            EXPECT_TRUE(mine.expired());
        });
        yield();
        fire_timers_until(2h);
        by_reset ? limit->reset(1h) : limit->cancel();
        EXPECT_TRUE(limit->pending());
        worker.join();
        EXPECT_TRUE(worker.successful());
    }
}

TENDRIL_TEST(Timeout, ManyThatExpireTogetherAreThrownOneByOne) {
    std::string order;
    Timeout a(0s), b(0s), c(0s);
    for (int i = 0; i < 3; ++i) {
        try {
            yield();
        } catch (const Timeout::Expired& e) {
            order += a.threw(e) ? 'a' : b.threw(e) ? 'b' : c.threw(e) ? 'c' : '?';
        }
    }
    EXPECT_EQ(order, "abc");
}

TENDRIL_TEST(Timeout, TheResultOfWithTimeoutMayBeMoveOnly) {
    const auto made = with_timeout(1h, [] { return std::make_unique<int>(3); });
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(**made, 3);
    EXPECT_EQ(with_timeout(
                  1h, [] { return 1; }, 2),
              1);
}

TENDRIL_TEST(Timeout, OfOneGreenThreadDoesNotReachWhatItSpawned) {
    Greenlet<int> child;
    EXPECT_FALSE(with_timeout(1ms, [&] {
        child = spawn([] {
            sleep(3ms);
            return 1;
        });
        child.join();
    }));
    EXPECT_EQ(child.get(), 1);
}

TENDRIL_TEST(Timeout, AnExpiryThatLeavesItsGreenThreadIsReported) {
    spawn_n([] {
        Timeout limit(0s);
        yield();
    });
    yield();
    EXPECT_EQ(testing::take_unhandled().size(), 1u);
}

TENDRIL_TEST(Timeout, AKillAndAnExpiryInOneTurnAreThrownOneAfterTheOther) {
    std::string order;
    const auto g = spawn([&] {
        try {
            Timeout limit(10min);
            try {
                sleep(1h);
            } catch (const GreenletExit&) {
                order += "kill ";
            }
            yield();
        } catch (const Timeout::Expired&) {
            order += "expiry ";
        }
        yield();
    });
    yield();
    fire_timers_until(30min);
    g.kill();
    EXPECT_EQ(order, "kill expiry ");
    EXPECT_TRUE(g.successful());
}

TENDRIL_TEST(Timeout, ComesAfterAShield) {
    std::string order;
    const bool in_time = with_timeout(0s, [&] {
        {
            const Shield shield;
            yield();
            order += "shielded ";
        }
        yield();
        order += "lost ";
    });
    EXPECT_FALSE(in_time);
    EXPECT_EQ(order, "shielded ");
}

TENDRIL_TEST(Timeout, ANegativeDurationIsRefused) {
    EXPECT_THROW(static_cast<void>(Timeout(-1s)), std::invalid_argument);
    EXPECT_THROW(with_timeout(-1s, [] {}), std::invalid_argument);
}

// A wait that was decided in time is not lost to a Timeout that expired before the green thread had its turn.
TENDRIL_TEST(Timeout, TheFirstToComeAboutWins) {
    auto slept = spawn([] { return with_timeout(5ms, [] { sleep(1ms); }); });
    auto late = spawn([] { return with_timeout(1ms, [] { sleep(5ms); }); });
    yield();
    const Deadline busy = 20ms;
    while (!busy.passed()) {
    }
    EXPECT_TRUE(slept.get());
    EXPECT_FALSE(late.get());
}

}  // namespace
}  // namespace tendril
