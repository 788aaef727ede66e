// SPDX-License-Identifier: MIT
//
// Both ways to wait, the call and the one that is inlined here.

#include <tendril/detail/sync/parking.hpp>

#include <string>
#include <thread>

#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/shield.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril::detail {
namespace {

void wait(Parking& parking, bool inlined) {
    inlined ? parking.wait_here("a test") : parking.wait("a test");
}

TENDRIL_TEST(Parking, WakesTheOneThatWaitsAndNeverSwitches) {
    for (const bool inlined : {false, true}) {
        Parking* parking = nullptr;
        bool woken = false;
        const auto waiter = spawn([&] {
            Parking mine("a test's");
            parking = &mine;
            wait(mine, inlined);
            woken = true;
        });
        yield();
        EXPECT_FALSE(parking->woken());
        parking->wake();
        EXPECT_FALSE(woken);
        waiter.get();
        EXPECT_TRUE(woken);
    }
}

TENDRIL_TEST(Parking, KeepsAWakeUpThatCameBefore) {
    for (const bool inlined : {false, true}) {
        Parking parking("a test's");
        parking.wake();
        bool other_ran = false;
        const auto other = spawn([&] { other_ran = true; });
        wait(parking, inlined);
        EXPECT_FALSE(other_ran);
        other.join();
    }
}

TENDRIL_TEST(Parking, MayBeWaitedForAgainAfterATimeoutOrAKill) {
    for (const bool inlined : {false, true}) {
        Parking* parking = nullptr;
        bool timed_out = false, woken = false;
        const auto waiter = spawn([&] {
            Parking mine("a test's");
            parking = &mine;
            try {
                const Timeout timeout(1ms);
                wait(mine, inlined);
            } catch (const Timeout::Expired&) {
                timed_out = true;
            }
            try {
                wait(mine, inlined);
            } catch (...) {
                const Shield shield;
                wait(mine, inlined);
                woken = true;
                throw;
            }
        });
        while (!timed_out) {
            yield();
        }
        yield();
        waiter.kill_nowait();
        yield();
        EXPECT_FALSE(woken);
        parking->wake();
        EXPECT_EQ(waiter.join(), true);
        EXPECT_TRUE(woken);
        EXPECT_TRUE(waiter.killed());
    }
}

// The wake-up and the kill in the same round: the first decides, and a kill that comes first hides no wake-up.
TENDRIL_TEST(Parking, LetsTheFirstOfWakeUpAndKillDecide) {
    for (const bool inlined : {false, true}) {
        for (const bool kill_first : {false, true}) {
            Parking* parking = nullptr;
            bool known = false;
            const auto waiter = spawn([&] {
                Parking mine("a test's");
                parking = &mine;
                try {
                    wait(mine, inlined);
                } catch (...) {
                    known = mine.woken();
                    throw;
                }
            });
            yield();
            if (kill_first) {
                waiter.kill_nowait();
                parking->wake();
            } else {
                parking->wake();
                waiter.kill_nowait();
            }
            waiter.join();
            EXPECT_EQ(waiter.killed(), kill_first);
            EXPECT_EQ(known, kill_first);
        }
    }
}

TENDRIL_TEST(Parking, RefusesAnotherOsThread) {
    Parking parking("a test's");
    std::string what;
    std::thread([&] {
        try {
            parking.wake();
        } catch (const WrongThread& e) {
            what = e.what();
        }
    }).join();
    EXPECT_NE(what.find("a test's"), std::string::npos) << what;
    EXPECT_FALSE(parking.woken());
}

}  // namespace
}  // namespace tendril::detail
