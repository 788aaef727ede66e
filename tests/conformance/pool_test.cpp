// SPDX-License-Identifier: MIT
//
// behaviours.md, section 3 H: pools, imap and piles.

#include <tendril/pool.hpp>

#include <algorithm>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/hub.hpp>
#include <tendril/pile.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

std::vector<int> numbers(int n) {
    std::vector<int> out;
    for (int i = 0; i < n; ++i) {
        out.push_back(i);
    }
    return out;
}

template <class Range>
std::vector<int> all(Range&& range) {
    std::vector<int> out;
    for (const int i : range) {
        out.push_back(i);
    }
    return out;
}

const auto forever = [] { sleep(never); };

TENDRIL_TEST(ConformanceH, D6_TheHubGivesASlotBackAfterItsWorkerHasEnded) {
    Pool pool(2);
    EXPECT_EQ(pool.map([&](int) { return pool.size(); }, numbers(3)), (std::vector<std::size_t>{2, 2, 1}));
}

TENDRIL_TEST(ConformanceH, TH01_MembershipCapacityAndAddToAFullPool) {
    Pool pool(2);
    const auto first = pool.spawn(forever);
    EXPECT_TRUE(pool.contains(first));
    EXPECT_EQ(pool.size(), 1u);
    EXPECT_TRUE(pool.discard(first));
    EXPECT_FALSE(pool.contains(first));
    EXPECT_EQ(pool.size(), 0u);
    EXPECT_FALSE(first.ready()) << "it lives on";

    EXPECT_TRUE(pool.add(first));
    EXPECT_TRUE(pool.add(spawn(forever)));
    EXPECT_TRUE(pool.full());
    const auto third = spawn(forever);
    EXPECT_FALSE(pool.add(third, 0s)) << "without waiting";
    EXPECT_FALSE(pool.add(third, 1ms));
    EXPECT_FALSE(pool.contains(third));
    const auto adder = spawn([&] { return pool.add(third); });
    yield();
    EXPECT_EQ(pool.waiting(), 1u);
    first.kill();
    EXPECT_TRUE(adder.get());
    EXPECT_TRUE(pool.contains(third));
    pool.kill();
}

TENDRIL_TEST(ConformanceH, TH02_ApplyAnswersAndThrows) {
    Pool pool(2);
    EXPECT_EQ(pool.apply([](int a, int b) { return a * b; }, 6, 7), 42);
    EXPECT_THROW(pool.apply([] { throw std::runtime_error("no"); }), std::runtime_error);
    const auto later = pool.spawn([] { return 1; });
    int told = 0;
    const Link link = later.link_value([&](const AnyGreenlet&) { told = 1; });
    EXPECT_EQ(later.get(), 1);
    yield();
    EXPECT_EQ(told, 1);
    EXPECT_EQ(pool.spawn([&] { return pool.apply([] { return 2; }); }).get(), 2) << "by a member";
}

TENDRIL_TEST(ConformanceH, TH03_ImapKeepsTheOrderAndUnorderedGivesThatOfTheEnds) {
    Pool pool(10);
    std::mt19937 random(3);
    const auto delayed = [&](int i) {
        sleep(std::chrono::microseconds(random() % 1000));
        return i;
    };
    EXPECT_EQ(all(pool.imap(delayed, numbers(30))), numbers(30));
    const auto backwards = [](int i) {
        for (int n = i; n < 5; ++n) {
            yield();
        }
        return i;
    };
    EXPECT_EQ(all(pool.imap_unordered(backwards, numbers(5))), (std::vector{4, 3, 2, 1, 0}));
    EXPECT_TRUE(all(pool.imap(backwards, numbers(0))).empty());
    EXPECT_TRUE(all(pool.imap_unordered(backwards, numbers(0))).empty());
}

TENDRIL_TEST(ConformanceH, TH04_WhatLooksLikeAnEndIsPassedThroughAndTheLastResultIsNotLate) {
    Pool pool(2);
    auto made = pool.imap([](int) { return std::optional<int>(); }, numbers(2));
    EXPECT_EQ(made.next(), std::optional<std::optional<int>>(std::in_place));
    EXPECT_EQ(made.next(), std::optional<std::optional<int>>(std::in_place));
    EXPECT_FALSE(made.next().has_value());

    // Each result is there while later jobs still run.
    for (const bool ordered : {true, false}) {
        bool go_on = false;
        const auto job = [&](int i) {
            while (i == 1 && !go_on) {
                yield();
            }
            return i;
        };
        auto two = ordered ? pool.imap(job, numbers(2)) : pool.imap_unordered(job, numbers(2));
        EXPECT_EQ(two.next(), 0);
        go_on = true;
        EXPECT_EQ(two.next(), 1);
        EXPECT_EQ(two.next(), std::nullopt);
    }
}

struct Failing {  // 0, 1, 2, and then an error
    struct Iterator {
        using difference_type = std::ptrdiff_t;
        using value_type = int;
        int at = 0;
        int operator*() const { return at; }
        Iterator& operator++() {
            if (++at == 3) {
                throw std::out_of_range("the input");
            }
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const { return false; }
    };
    Iterator begin() const { return {}; }
    std::default_sentinel_t end() const { return {}; }
};

TENDRIL_TEST(ConformanceH, TH06_ErrorsOfTheInputAndOfTheFunctionReachTheConsumer) {
    Pool pool(2);
    const auto itself = [](int i) { return i; };
    for (const bool ordered : {true, false}) {
        auto made = ordered ? pool.imap(itself, Failing()) : pool.imap_unordered(itself, Failing());
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(made.next(), i) << "all results first";
        }
        EXPECT_THROW(made.next(), std::out_of_range);
        EXPECT_EQ(made.next(), std::nullopt) << "and no hang after it";
    }
    EXPECT_THROW(pool.map(itself, Failing()), std::out_of_range);
    const auto fails = [](int i) -> int { throw std::runtime_error(std::to_string(i)); };
    for (const bool ordered : {true, false}) {
        auto made = ordered ? pool.imap(fails, numbers(2)) : pool.imap_unordered(fails, numbers(2));
        EXPECT_THROW(made.next(), std::runtime_error);
        EXPECT_THROW(made.next(), std::runtime_error);
        EXPECT_EQ(made.next(), std::nullopt);
    }
    try {
        pool.map(fails, numbers(1));
        ADD_FAILURE();
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "0");
    }
}

TENDRIL_TEST(ConformanceH, TH07_SizeZeroEmptyJoinAndABlockedSpawn) {
    Pool none(0);
    EXPECT_TRUE(none.full());
    EXPECT_FALSE(none.wait_available(1ms));
    EXPECT_FALSE(with_timeout(1ms, [&] { none.spawn([] { ADD_FAILURE(); }); }));
    EXPECT_TRUE(none.join());
    EXPECT_TRUE(none.wait_all());

    Pool pool(1);
    EXPECT_TRUE(pool.join(0s));
    std::string log;
    pool.spawn([&] {
        yield();
        log += '1';
    });
    pool.spawn([&] { log += '2'; });  // waits here
    EXPECT_EQ(log, "1");
    EXPECT_TRUE(pool.join());
    EXPECT_EQ(log, "12");
}

TENDRIL_TEST(ConformanceH, TH08_UsedByItsOwnWorkersAndWithAFailingErrorHandler) {
    Pool pool(2);
    const auto nested = [&](int n) { return pool.apply([&] { return pool.apply([n] { return 10 * n; }); }); };
    EXPECT_EQ(pool.map(nested, numbers(4)), (std::vector{0, 10, 20, 30}));

    Hub& hub = Hub::current();
    ::testing::internal::CaptureStderr();
    hub.set_error_handler([](const ErrorContext&, const std::exception_ptr&) { throw std::runtime_error("log full"); });
    for (int i = 0; i < 4; ++i) {
        pool.spawn_n([] { throw std::logic_error("lost"); });
    }
    pool.join();
    hub.set_error_handler({});
    EXPECT_NE(::testing::internal::GetCapturedStderr().find("log full"), std::string::npos);
    EXPECT_EQ(pool.free(), 2);
}

TENDRIL_TEST(ConformanceH, TH11_AWorkerMaySpawnIntoItsOwnFullPool) {
    Pool pool(1);
    std::string log;
    pool.spawn([&] {
        log += 'a';
        pool.spawn([&] {
            log += 'b';
            pool.spawn_n([&] { log += 'c'; });
            log += 'd';
        });
        log += 'e';
    });
    EXPECT_TRUE(pool.wait_all());
    EXPECT_EQ(log, "abcde");
    EXPECT_EQ(pool.free(), 1);
}

TENDRIL_TEST(ConformanceH, TH12_AccountingThroughResize) {
    Pool pool(2);
    std::vector<Greenlet<void>> spawners;
    for (int i = 0; i < 5; ++i) {
        spawners.push_back(spawn([&] { pool.spawn([] { sleep(never); }); }));
    }
    yield();
    EXPECT_EQ(pool.running(), 2u);
    EXPECT_EQ(pool.free(), 0);
    EXPECT_EQ(pool.waiting(), 3u);
    pool.resize(4);
    EXPECT_EQ(pool.waiting(), 1u) << "it wakes them, and switches to none";
    yield();
    EXPECT_EQ(pool.running(), 4u);
    pool.resize(1);
    EXPECT_EQ(pool.free(), -3);
    EXPECT_EQ(pool.running(), 4u) << "shrinking ends nothing";
    EXPECT_EQ(pool.waiting(), 1u);
    std::vector<AnyGreenlet> members = pool.members();
    kill_all(std::vector<AnyGreenlet>(members.begin(), members.begin() + 3));
    yield();
    EXPECT_EQ(pool.running(), 1u);
    EXPECT_EQ(pool.waiting(), 1u);
    members.back().kill();
    yield();
    yield();
    EXPECT_EQ(pool.waiting(), 0u);
    EXPECT_EQ(pool.running(), 1u);
    pool.kill();
    join_all(spawners);
    EXPECT_EQ(pool.free(), 1);
}

TENDRIL_TEST(ConformanceH, TH14_ErrorsAndARefusedWaitAll) {
    Pool pool(2);
    const auto bad = pool.spawn([] { throw std::runtime_error("bad"); });
    EXPECT_TRUE(pool.wait_all()) << "does not rethrow";
    EXPECT_THROW(bad.get(), std::runtime_error);
    EXPECT_THROW(
        {
            pool.spawn([] { throw std::runtime_error("bad"); });
            pool.join({.raise_error = true});
        },
        std::runtime_error);

    auto made = pool.imap(
        [](int i) {
            if (i == 1) {
                throw std::runtime_error("one");
            }
            return i;
        },
        numbers(3));
    EXPECT_EQ(made.next(), 0);
    EXPECT_THROW(made.next(), std::runtime_error);
    EXPECT_EQ(made.next(), 2) << "it goes on";
    EXPECT_EQ(made.next(), std::nullopt);

    EXPECT_THROW(pool.spawn([&] { pool.wait_all(); }).get(), std::logic_error);
}

TENDRIL_TEST(ConformanceH, TH15_PilesYieldInTheOrderOfSpawningAndShareAPool) {
    const auto backwards = [](int i) {
        for (int n = i; n < 6; ++n) {
            yield();
        }
        return i;
    };
    Pile<int> pile(3);
    for (int i = 0; i < 6; ++i) {
        pile.spawn(backwards, i);
    }
    EXPECT_EQ(all(pile), numbers(6));
    EXPECT_EQ(pile.size(), 0u);
    Pile<int> empty;
    EXPECT_EQ(empty.next(), std::nullopt);
    EXPECT_TRUE(all(empty).empty());

    Pool pool(2);
    Pile<int> even(pool);
    Pile<int> odd(pool);
    for (int i = 0; i < 6; ++i) {
        (i % 2 == 0 ? even : odd).spawn(backwards, i);
        EXPECT_LE(pool.running(), 2u);
    }
    EXPECT_EQ(all(odd), (std::vector{1, 3, 5}));
    EXPECT_EQ(all(even), (std::vector{0, 2, 4}));
}

TENDRIL_TEST(ConformanceH, TH17_NothingIsLostNothingComesTwiceAndTheOrderIsKept) {
    std::mt19937 random(17);
    const auto jitter = [&](int i) {
        switch (random() % 4) {
        case 0:
            break;
        case 1:
            yield();
            break;
        default:
            sleep(std::chrono::microseconds(random() % 200));
        }
        return i;
    };
    for (const int size : {1, 2, 7, 50}) {
        Pool pool(size);
        EXPECT_EQ(all(pool.imap(jitter, numbers(500))), numbers(500));
        std::vector<int> got = all(pool.imap_unordered(jitter, numbers(500)));
        std::sort(got.begin(), got.end());
        EXPECT_EQ(got, numbers(500));
        Pile<int> pile(pool, {.window = 10});
        const auto filler = spawn([&] {
            for (int i = 0; i < 500; ++i) {
                pile.spawn(jitter, i);
            }
        });
        yield();
        EXPECT_EQ(all(pile), numbers(500));
        filler.join();
        EXPECT_EQ(pool.size(), 0u);
        EXPECT_EQ(pool.free(), size);
    }
}

// The same with spawners that are killed and timed out, resizes, and workers that use the Pool themselves.
TENDRIL_TEST(ConformanceH, TH17_NoSlotIsLostInAStorm) {
    std::mt19937 random(18);
    Pool pool(3);
    int begun = 0;
    int ended = 0;
    const auto job = [&](int depth, auto& self) -> void {
        struct Counted {
            int& ended;
            ~Counted() { ++ended; }
        } const counted{ended};
        ++begun;
        if (random() % 2 == 0) {
            sleep(std::chrono::microseconds(random() % 100));
        }
        if (depth < 2 && random() % 3 == 0) {
            pool.spawn_n([&, depth] { self(depth + 1, self); });
        }
        if (depth < 2 && random() % 5 == 0) {
            pool.map([&, depth](int) { self(depth + 1, self); }, numbers(2));
        }
    };
    std::vector<Greenlet<void>> spawners;
    for (int i = 0; i < 20; ++i) {
        spawners.push_back(spawn([&] {
            for (int n = 0; n < 20; ++n) {
                with_timeout(std::chrono::microseconds(random() % 500), [&] { pool.spawn_n([&] { job(0, job); }); });
            }
        }));
    }
    for (int i = 0; i < 100; ++i) {
        sleep(std::chrono::microseconds(random() % 100));
        if (i % 10 == 0) {
            spawners[random() % spawners.size()].kill_nowait();
        }
        pool.resize(static_cast<int>(random() % 5));
        if (const std::vector<AnyGreenlet> members = pool.members(); !members.empty()) {
            members[random() % members.size()].kill_nowait();
        }
    }
    pool.resize(2);
    join_all(spawners);
    EXPECT_TRUE(pool.join());
    EXPECT_EQ(begun, ended);
    EXPECT_GT(begun, 0);
    EXPECT_EQ(pool.size(), 0u);
    EXPECT_EQ(pool.running(), 0u);
    EXPECT_EQ(pool.free(), 2);
    static_cast<void>(testing::take_unhandled());  // GreenletKilled of a map whose job was killed
}

}  // namespace
}  // namespace tendril
