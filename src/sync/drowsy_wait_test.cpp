// SPDX-License-Identifier: MIT
//
// Drowsy (hub/drowsy.hpp) with the waits of this floor.

#include <algorithm>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <tendril/dump.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"
#include "hub/drowsy.hpp"
#include "hub/waiter.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using detail::Drowsy;

std::size_t packed() {
    return detail::Scheduler::here().os.hibernation.count();
}

// Green threads that wait for an Event with their stacks packed away, where that is possible.
struct Sleepers {
    Event event;
    int woken = 0;
    std::vector<Greenlet<int>> all;

    explicit Sleepers(int count, Deadline deadline = never) {
        for (int i = 0; i < count; ++i) {
            all.push_back(spawn([this, i, deadline] {
                int local[100];
                std::fill(std::begin(local), std::end(local), i);
                const auto heap = std::make_unique<int>(i);
                {
                    const Drowsy drowsy;
                    static_cast<void>(event.wait(deadline));
                }
                ++woken;
                return local[i % 100] == i && *heap == i ? i : -1;
            }));
        }
        sleep(1ms);  // the hub has nothing else to do
    }
    void expect_values() {
        for (std::size_t i = 0; i < all.size(); ++i) {
            EXPECT_EQ(all[i].get(), static_cast<int>(i));
        }
        EXPECT_EQ(packed(), 0u);
    }
};

bool possible() {
    Sleepers two(2);
    const bool is = packed() != 0;
    two.event.set();
    join_all(two.all);
    return is;
}

TENDRIL_TEST(DrowsyWait, EndsAsAnyOtherWithAllThatLayOnTheStack) {
    const bool packs = possible();
    Sleepers sleepers(300);
    while (packs && packed() < 300) {  // the hub packs for a moment before each sleep
        sleep(1ms);
    }
    EXPECT_EQ(sleepers.woken, 0);
    sleepers.event.set();
    sleepers.expect_values();
    EXPECT_EQ(sleepers.woken, 300);
}

TENDRIL_TEST(DrowsyWait, EndsByItsDeadline) {
    Sleepers sleepers(20, Deadline(5ms));
    sleepers.expect_values();
}

TENDRIL_TEST(DrowsyWait, EndsByAKillAndByATimeoutOnItsStack) {
    Sleepers sleepers(10);
    auto timed = spawn([] {
        Event never_set;
        Timeout limit(3ms);
        try {
            const Drowsy drowsy;
            never_set.wait();
        } catch (const Timeout::Expired& e) {
            return limit.threw(e);
        }
        return false;
    });
    sleep(1ms);
    EXPECT_TRUE(timed.get());
    for (std::size_t i = 0; i < sleepers.all.size(); i += 2) {
        EXPECT_TRUE(sleepers.all[i].kill());
        EXPECT_TRUE(sleepers.all[i].killed());
    }
    EXPECT_EQ(sleepers.woken, 0);
    sleepers.event.set();
    for (std::size_t i = 1; i < sleepers.all.size(); i += 2) {
        EXPECT_EQ(sleepers.all[i].get(), static_cast<int>(i));
    }
}

TENDRIL_TEST(DrowsyWait, IsSeenInADumpWhichPutsItBack) {
    Sleepers sleepers(5);
    std::ostringstream text;
    dump(text);
    std::size_t seen = 0;
    for (std::size_t at = 0; (at = text.str().find("Event::wait", at)) != std::string::npos; ++at) {
        ++seen;
    }
    EXPECT_GE(seen, 5u) << text.str();
    sleepers.event.set();
    sleepers.expect_values();
}

TENDRIL_TEST(DrowsyWait, IsLeftAloneWhereItHasEndedBeforeTheHubIsIdle) {
    Event event;
    auto one = spawn([&] {
        const Drowsy drowsy;
        event.wait();
        return 1;
    });
    yield();
    event.set();
    EXPECT_EQ(one.get(), 1);
    sleep(1ms);
    EXPECT_EQ(packed(), 0u);
}

TENDRIL_TEST(DrowsyWait, OfTheMainGreenThreadIsAnOrdinaryOne) {
    Event event;
    spawn_n([&] { event.set(); });
    const Drowsy drowsy;
    event.wait();
    sleep(1ms);
    EXPECT_EQ(packed(), 0u);
}

}  // namespace
}  // namespace tendril
