// SPDX-License-Identifier: MIT

#include <tendril/pile.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tendril/group.hpp>
#include <tendril/hub.hpp>
#include <tendril/pool.hpp>
#include <tendril/timeout.hpp>

#include "context/sanitizer.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

static_assert(std::ranges::input_range<Pile<int>>);

void forever() {
    sleep(never);
}

template <class R>
std::vector<R> all(Pile<R>& pile) {
    std::vector<R> out;
    for (R& each : pile) {
        out.push_back(std::move(each));
    }
    return out;
}

TENDRIL_TEST(Pile, ResultsOfEveryKind) {
    Pile<double> convertible;
    convertible.spawn([] { return 1; });
    convertible.spawn([](float f) { return f; }, 2.5f);
    EXPECT_EQ(all(convertible), (std::vector{1.0, 2.5}));
    int (*none)() = nullptr;
    EXPECT_THROW(convertible.spawn(none), std::invalid_argument);

    Pile<void> nothing;
    int calls = 0;
    nothing.spawn([&] { return ++calls; });
    nothing.spawn([&] { ++calls; });
    while (nothing.next()) {
    }
    EXPECT_EQ(calls, 2);

    Pile<std::unique_ptr<int>> owning;
    owning.spawn([] { return std::make_unique<int>(3); });
    EXPECT_EQ(**owning.next(), 3);
    EXPECT_FALSE(owning.next());
}

TENDRIL_TEST(Pile, AnErrorKeepsItsPlaceAndOneThatNobodyTakesIsReportedOnce) {
    {
        Pile<int> pile;
        pile.spawn([] { return 1; });
        pile.spawn([]() -> int { throw std::runtime_error("two"); });
        pile.spawn([] { return 3; });
        pile.spawn([]() -> int { throw std::runtime_error("four"); });
        EXPECT_EQ(pile.next(), 1);
        EXPECT_THROW(pile.next(), std::runtime_error);
        EXPECT_EQ(pile.next(), 3);
    }
    EXPECT_EQ(testing::take_unhandled(), std::vector<std::string>{"green thread: std::runtime_error: four"});
}

TENDRIL_TEST(Pile, LeavingItsScopeWaitsAndAnExceptionKills) {
    int done = 0;
    {
        Pile<void> pile;
        pile.spawn([&] {
            yield();
            ++done;
        });
    }
    EXPECT_EQ(done, 1);
    Pool pool(2);
    try {
        Pile<void> pile(pool);
        pile.spawn(forever);
        pile.spawn(forever);
        yield();
        throw 1;
    } catch (int) {
    }
    EXPECT_TRUE(pool.join(1s));
}

// The consumer takes a result out of a full window, and asks again before the spawner has run.
TENDRIL_TEST(Pile, AFullWindowIsNoEnd) {
    for (const int window : {1, 2, 3}) {
        Pile<int> pile(2, {.window = window});
        Group spawners;
        spawners.spawn([&] {
            for (int i = 0; i < 6; ++i) {
                pile.spawn([i] { return i; });
                EXPECT_LE(pile.size(), static_cast<std::size_t>(window));
            }
        });
        yield();
        EXPECT_EQ(all(pile), (std::vector{0, 1, 2, 3, 4, 5}));
        EXPECT_EQ(pile.size(), 0u);
    }
    EXPECT_THROW(Pile<int>(1, {.window = 0}), std::invalid_argument);
}

TENDRIL_TEST(Pile, ASpawnThatIsBrokenOffLeavesNoHoleAndLetsTheConsumerSeeTheEnd) {
    Pile<int> pile(1, {.window = 1});
    pile.spawn([] { return 1; });
    EXPECT_FALSE(with_timeout(1ms, [&] { pile.spawn([] { return 2; }); }));
    EXPECT_EQ(pile.size(), 1u);
    EXPECT_EQ(all(pile), std::vector{1});

    Pool pool(0);
    Pile<int> none(pool);
    const auto spawner = spawn([&] { none.spawn([] { return 1; }); });
    yield();
    const auto consumer = spawn([&] { return none.next().has_value(); });
    yield();
    EXPECT_FALSE(consumer.ready()) << "a spawn goes on";
    spawner.kill();
    EXPECT_FALSE(consumer.get());
    EXPECT_EQ(none.size(), 0u);
    pool.resize(1);
    EXPECT_THROW(none.spawn(SpawnOptions{.stack_size = 1}, [] { return 1; }), std::invalid_argument);
    EXPECT_EQ(none.size(), 0u);
}

TENDRIL_TEST(Pile, AKilledConsumerTakesNothing) {
    Pile<int> pile;
    for (int i = 0; i < 3; ++i) {
        pile.spawn([i] {
            yield();
            yield();
            return i;
        });
    }
    const auto killed = spawn([&] { pile.next(); });
    std::vector<int> got;
    const auto consume = [&] {
        while (const auto i = pile.next()) {
            got.push_back(*i);
        }
    };
    const auto one = spawn(consume);
    const auto two = spawn(consume);
    yield();
    killed.kill();
    join_all({one, two}, {.raise_error = true});
    EXPECT_EQ(got, (std::vector{0, 1, 2}));
}

TENDRIL_TEST(Pile, AWorkerOfTheFullPoolMayFillAndConsumeOne) {
    Pool pool(1);
    const auto worker = pool.spawn([&] {
        Pile<int> pile(pool);
        for (int i = 0; i < 3; ++i) {
            pile.spawn([i] {
                yield();
                return i;
            });
        }
        return all(pile);
    });
    EXPECT_EQ(worker.get(), (std::vector{0, 1, 2}));
    pool.join();
    EXPECT_EQ(pool.free(), 1);
}

TENDRIL_TEST(PileThreads, RefusesOthers) {
    Pile<int> pile;
    pile.spawn([] { return 1; });
    std::thread([&] {
        EXPECT_THROW(pile.next(), WrongThread);
        EXPECT_THROW(pile.spawn([] { return 2; }), WrongThread);
    }).join();
    EXPECT_EQ(all(pile), std::vector{1});
}

TENDRIL_TEST(Pile, MayGoWhileAConsumerThatWasWokenOrKilledLeaves) {
    for (const bool killed : {false, true}) {
        std::optional<Pile<int>> pile(std::in_place, 2, PileOptions{.keep_open = true});
        const auto consumer = spawn([&] { EXPECT_FALSE(pile->next()); });
        yield();
        if (killed) {
            consumer.kill_nowait();
        } else {
            pile->done_spawning();
        }
        pile.reset();
        consumer.join();
        EXPECT_EQ(consumer.killed(), killed);
    }
}

TEST(PileDeath, DestroyedInUse) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            auto pile = std::make_unique<Pile<void>>(1);
            pile->spawn([] { yield(); });
            spawn([&] { pile->spawn(forever); });
            yield();
            pile.reset();
        },
        "a Pile was destroyed while a green thread waited to spawn into it");
    EXPECT_DEATH(
        {
            auto pile = std::make_unique<Pile<void>>(1);
            pile->spawn([] { sleep(1ms); });
            spawn([&] { pile->next(); });  // waits for the job itself
            yield();
            pile.reset();
        },
        "a Pile was destroyed while a green thread waited to spawn into it, or for its next result");
    EXPECT_DEATH(
        {
            auto pile = std::make_unique<Pile<void>>(1);
            pile->spawn(forever);
            std::thread([&] { pile.reset(); }).join();
        },
        "a Pile was destroyed, and could not wait for the ends of its jobs.*WrongThread");
    EXPECT_DEATH(
        {
            auto pool = std::make_unique<Pool>(1);
            const Pile<int> pile(*pool);
            yield();
            pool.reset();
        },
        "a Pool was destroyed while an imap, a Pile or a server of it was in use");
}

}  // namespace
}  // namespace tendril
