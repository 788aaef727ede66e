// SPDX-License-Identifier: MIT

#include "hub/timers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
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
        if (step % 1000 == 999) {
            timers.give_back();  // changes nothing that can be seen
        }
    }
    for (const Pending& each : model) {
        timers.cancel(all[static_cast<std::size_t>(each.id)]);
    }
    EXPECT_TRUE(timers.empty());
}

Deadline at(std::int64_t when_ns, std::int64_t slack_ns) {
    return Deadline(Deadline::Clock::time_point(std::chrono::nanoseconds(when_ns)))
        .with_slack(std::chrono::nanoseconds(slack_ns));
}

TEST(TimersWithSlack, TheHubMaySleepUntilTheFirstIsAsLateAsItMayBe) {
    std::vector<int> log;
    Timers timers;
    RunQueue ready;
    Recorded a(&log, 1), b(&log, 2), c(&log, 3), d(&log, 4);
    EXPECT_EQ(timers.latest_ns(), INT64_MAX);
    timers.arm(a, at(10'000, 51'200));
    EXPECT_EQ(timers.latest_ns(), 61'200);
    timers.arm(b, at(20'000, 25'600));
    EXPECT_EQ(timers.latest_ns(), 45'600);
    timers.arm(c, at(30'000, 0));
    timers.arm(d, at(40'000, 0));
    EXPECT_EQ(timers.latest_ns(), 30'000);
    timers.cancel(c);
    EXPECT_EQ(timers.latest_ns(), 40'000);
    timers.cancel(d);
    EXPECT_EQ(timers.latest_ns(), 45'600);
    timers.run(9'999, ready);  // none is early
    EXPECT_EQ(log, std::vector<int>());
    timers.run(20'000, ready);  // a hub that is awake is not late
    EXPECT_EQ(log, (std::vector{1, 2}));
    EXPECT_EQ(timers.latest_ns(), INT64_MAX);
}

TEST(TimersWithSlack, ItIsAShareOfTheLengthUnlessTheOwnerAllowsLess) {
    std::vector<int> log;
    std::int64_t now = 1'000'000;
    Timers timers(now, 512'000);
    Recorded a(&log, 1);
    timers.arm(a, now + 256 * Deadline::slack_share);
    EXPECT_EQ(timers.latest_ns(), now + 256 * Deadline::slack_share + 256);
    timers.cancel(a);
    timers.arm(a, now + 1'000'000'000);
    EXPECT_EQ(timers.latest_ns(), now + 1'000'000'000 + 512'000);
    timers.cancel(a);
    timers.arm(a, 0);  // due already
    EXPECT_EQ(timers.latest_ns(), 0);
    timers.cancel(a);
    timers.arm(a, at(now + 1'000'000'000, 5'120'000));  // the caller's own is not limited
    EXPECT_EQ(timers.latest_ns(), now + 1'000'000'000 + 5'120'000);
    timers.cancel(a);
    timers.set_most_slack(0);
    timers.arm(a, now + 1'000'000'000);
    EXPECT_EQ(timers.latest_ns(), now + 1'000'000'000);
    timers.cancel(a);
    timers.arm(a, at(INT64_MAX - 1, 5'120'000));
    EXPECT_EQ(timers.latest_ns(), INT64_MAX);  // and does not wrap around
    timers.cancel(a);
}

// Against the plainest model, few timers and many: never later than any may be, and no earlier than need be where the
// timers that are due by then are few.
TEST(TimersWithSlack, NoTimerIsLaterThanItMayBe) {
    std::mt19937 random(11);
    Timers timers;
    RunQueue ready;
    std::vector<int> log;
    std::deque<Recorded> all;
    std::vector<Deadline> deadlines;
    std::int64_t now = 0;
    int exact = 0;
    for (int step = 0; step < 20'000; ++step) {
        const std::size_t most = step / 1000 % 2 == 0 ? 20 : 2'000;
        const auto what = random() % 10;
        if (what < 6 && timers.size() < most) {
            deadlines.push_back(at(now + static_cast<std::int64_t>(random() % 1'000'000),
                                   static_cast<std::int64_t>(random() % 400) * 256));
            all.emplace_back(&log, static_cast<int>(all.size()));
            timers.arm(all.back(), deadlines.back());
        } else if (what < 8 && !all.empty()) {
            timers.cancel(all[random() % all.size()]);
        } else {
            now += static_cast<std::int64_t>(random() % 50'000);
            timers.run(now, ready);
        }
        std::int64_t latest = INT64_MAX;
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (all[i].armed()) {
                latest = std::min(latest, deadlines[i].ns() + deadlines[i].slack_ns(0, 0));
            }
        }
        const std::int64_t found = timers.latest_ns();
        ASSERT_LE(found, latest) << "at step " << step;
        ASSERT_GE(found, std::min(timers.next_ns(), latest)) << "at step " << step;
        if (timers.size() <= 20) {
            ASSERT_EQ(found, latest) << "at step " << step;
            ++exact;
        }
        if (step % 1000 == 999) {
            std::for_each(all.begin(), all.end(), [&](Recorded& each) { timers.cancel(each); });
            all.clear();
            deadlines.clear();
        }
    }
    EXPECT_GT(exact, 1'000);
}

TEST(TimersAfterABurst, NothingButWhatIsArmedKeepsItsPlace) {
    Timers timers;
    RunQueue ready;
    std::vector<int> log;
    std::deque<Recorded> all;
    for (int i = 0; i < 50'000; ++i) {
        all.emplace_back(&log, i);
        timers.arm(all.back(), 1000 + i);
    }
    EXPECT_FALSE(timers.surplus());
    const auto stays = [](int i) { return i == 20'000 || i == 20'001 || i == 49'000; };
    for (int i = 0; i < 50'000; ++i) {
        if (!stays(i)) {
            timers.cancel(all[static_cast<std::size_t>(i)]);
        }
    }
    EXPECT_TRUE(timers.surplus());
    timers.give_back();
    EXPECT_FALSE(timers.surplus());
    EXPECT_LE(timers.kept_places(), 4 * 4096 / 16);  // two pages for the three, and what is beside whole pages
    for (int i = 0; i < 50'000; ++i) {               // what was given back is free again
        if (!stays(i)) {
            timers.arm(all[static_cast<std::size_t>(i)], 1000 + i);
        }
    }
    timers.run(INT64_MAX, ready);
    ASSERT_EQ(log.size(), 50'000u);
    EXPECT_TRUE(std::is_sorted(log.begin(), log.end()));
    EXPECT_TRUE(timers.empty());
    timers.give_back();
    EXPECT_EQ(timers.kept_places(), 0u);
}

// A pass that cannot help is not made again and again.
TEST(TimersAfterABurst, IsNoSurplusForeverWhereEachPageIsInUse) {
    Timers timers;
    std::vector<int> log;
    std::deque<Recorded> all;
    for (int i = 0; i < 20'000; ++i) {
        all.emplace_back(&log, i);
        timers.arm(all.back(), i);
    }
    for (int i = 0; i < 20'000; ++i) {
        if (i % 200 != 0) {
            timers.cancel(all[static_cast<std::size_t>(i)]);
        }
    }
    EXPECT_TRUE(timers.surplus());
    timers.give_back();
    EXPECT_FALSE(timers.surplus());
    for (Recorded& each : all) {
        timers.cancel(each);
    }
    EXPECT_TRUE(timers.surplus());
    timers.give_back();
    EXPECT_FALSE(timers.surplus());
}

}  // namespace
}  // namespace tendril::detail
