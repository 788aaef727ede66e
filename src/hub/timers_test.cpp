// SPDX-License-Identifier: MIT

#include "hub/timers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

#include "hub/run_queue.hpp"

namespace tendril::detail {
namespace {

struct Recorded : Timer {
    std::vector<int>* log;
    int id;
    Recorded(std::vector<int>* l, int i)
        : Timer([](Timer& t) noexcept {
              auto& self = static_cast<Recorded&>(t);
              self.log->push_back(self.id);
          }),
          log(l), id(i) {}
};

TEST(Timers, FireByDeadlineThenByArming) {
    std::vector<int> log;
    Timers timers;
    RunQueue ready;
    Recorded a(&log, 1), b(&log, 2), c(&log, 3), d(&log, 4);
    timers.arm(a, 20);
    timers.arm(b, 10);
    timers.arm(c, 20);
    timers.arm(d, 30);
    EXPECT_EQ(timers.next_ns(), 10);
    timers.run(25, ready);
    EXPECT_EQ(log, (std::vector{2, 1, 3}));
    EXPECT_TRUE(d.armed());
    timers.cancel(d);
    timers.cancel(d);  // harmless
    EXPECT_TRUE(timers.empty());
}

TEST(Timers, OneArmedForThePastWhileRunningWaitsForTheNextRun) {
    struct Again : Timer {
        Timers* timers;
        int fired = 0;
        explicit Again(Timers* t)
            : Timer([](Timer& self) noexcept {
                  auto& me = static_cast<Again&>(self);
                  ++me.fired;
                  me.timers->arm(me, 0);
              }),
              timers(t) {}
    };
    Timers timers;
    RunQueue ready;
    Again again(&timers);
    timers.arm(again, 0);
    timers.run(100, ready);
    EXPECT_EQ(again.fired, 1);
    timers.run(100, ready);
    EXPECT_EQ(again.fired, 2);
    timers.cancel(again);
}

// The heap against the plainest model: random arming, cancelling and running, in the order that a stable sort gives.
TEST(Timers, AgreeWithASortedList) {
    std::mt19937 random(7);
    Timers timers;
    RunQueue ready;
    std::vector<int> log;
    std::deque<Recorded> all;
    struct Pending {
        std::int64_t when;
        int id;
    };
    std::vector<Pending> model;
    std::int64_t now = 0;
    for (int step = 0; step < 20'000; ++step) {
        const auto what = random() % 10;
        if (what < 6) {
            const int id = static_cast<int>(all.size());
            all.emplace_back(&log, id);
            const std::int64_t when = now + static_cast<std::int64_t>(random() % 1000);
            timers.arm(all.back(), when);
            model.push_back({when, id});
        } else if (what < 9 && !model.empty()) {
            const std::size_t victim = random() % model.size();
            timers.cancel(all[static_cast<std::size_t>(model[victim].id)]);
            model.erase(model.begin() + static_cast<std::ptrdiff_t>(victim));
        } else {
            now += static_cast<std::int64_t>(random() % 50);
            std::stable_sort(model.begin(), model.end(), [](auto& a, auto& b) { return a.when < b.when; });
            std::vector<int> expected;
            while (!model.empty() && model.front().when <= now) {
                expected.push_back(model.front().id);
                model.erase(model.begin());
            }
            std::sort(model.begin(), model.end(), [](auto& a, auto& b) { return a.id < b.id; });
            log.clear();
            timers.run(now, ready);
            ASSERT_EQ(log, expected) << "at step " << step;
        }
        ASSERT_EQ(timers.size(), model.size());
    }
    for (const Pending& each : model) {
        timers.cancel(all[static_cast<std::size_t>(each.id)]);
    }
    EXPECT_TRUE(timers.empty());
}

}  // namespace
}  // namespace tendril::detail
