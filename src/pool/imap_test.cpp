// SPDX-License-Identifier: MIT

#include <tendril/detail/pool/imap.hpp>

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/hub.hpp>
#include <tendril/pool.hpp>
#include <tendril/queue.hpp>
#include <tendril/timeout.hpp>

#include "context/sanitizer.hpp"
#include "green_test.hpp"
#include "steps.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::Steps;

static_assert(std::ranges::input_range<Imap<int>>);
static_assert(std::ranges::input_range<Imap<void>>);
static_assert(std::ranges::input_range<Imap<std::unique_ptr<int>>>);
static_assert(!std::is_copy_constructible_v<Imap<int>>);

const auto itself = [](int i) { return i; };

template <class Results>
std::vector<int> all(Results&& results) {
    std::vector<int> out;
    for (const int i : results) {
        out.push_back(i);
    }
    return out;
}

void expect_idle(const Pool& pool) {
    EXPECT_EQ(pool.running(), 0u);
    EXPECT_EQ(pool.size(), 0u);
    EXPECT_EQ(pool.waiting(), 0u);
    EXPECT_EQ(pool.free(), static_cast<std::ptrdiff_t>(pool.capacity()));
}

TENDRIL_TEST(Imap, WalksAnEndlessInputNoFurtherThanItsWindow) {
    Pool pool(2);
    int furthest = 0;
    Steps steps;
    steps.does = [&](char, int at) { furthest = std::max(furthest, at); };
    {
        int got = 0;
        for (const int i : pool.imap({.window = 3}, itself, steps)) {
            EXPECT_EQ(i, got++);
            sleep(0s);
            if (got == 10) {
                break;
            }
        }
        EXPECT_LE(furthest, 13);
    }
    pool.join();
    expect_idle(pool);
    EXPECT_THROW(pool.imap({.window = -1}, itself, steps), std::invalid_argument);
}

TENDRIL_TEST(Imap, AWindowOfOneIsOneJobAtATime) {
    Pool pool(5);
    int running = 0;
    const auto job = [&](int i) {
        EXPECT_EQ(++running, 1);
        yield();
        --running;
        return i;
    };
    Steps steps{.end_at = 4};
    EXPECT_EQ(all(pool.imap({.window = 1}, job, steps)), (std::vector{0, 1, 2, 3}));
    EXPECT_EQ(all(pool.imap_unordered({.window = 1}, job, steps)), (std::vector{0, 1, 2, 3}));
}

TENDRIL_TEST(Imap, EveryStepOfTheInputMayThrow) {
    for (const bool ordered : {true, false}) {
        for (const auto& [step, results] : {std::pair{'b', 0}, {'+', 2}, {'*', 2}, {'=', 2}}) {
            SCOPED_TRACE(step);
            Pool pool(2);
            Steps steps;
            steps.does = [step = step](char s, int at) {
                yield();
                if (s == step && (s == 'b' || at == 2)) {
                    throw std::out_of_range("input");
                }
            };
            auto made = ordered ? pool.imap(itself, steps) : pool.imap_unordered(itself, steps);
            int got = 0;
            EXPECT_THROW(
                while (made.next()) { ++got; }, std::out_of_range);
            EXPECT_EQ(got, results);
            EXPECT_EQ(made.next(), std::nullopt) << "thrown once";
            EXPECT_EQ(made.next(), std::nullopt);
        }
    }
}

// An Interrupt that leaves the input is not its end: the consumer learns that something is missing.
TENDRIL_TEST(Imap, AnInterruptThatLeavesTheInputIsToldAsAnError) {
    Pool pool(2);
    Steps steps;
    steps.does = [](char s, int at) {
        if (s == '+' && at == 2) {
            Timeout timeout(1ms);
            sleep(never);
        }
    };
    auto made = pool.imap(itself, steps);
    EXPECT_EQ(made.next(), 0);
    EXPECT_EQ(made.next(), 1);
    EXPECT_THROW(made.next(), GreenletKilled);
    EXPECT_EQ(made.next(), std::nullopt);
}

TENDRIL_TEST(Imap, AnErrorOfTheInputThatNobodyTakesIsReportedOnce) {
    Pool pool(2);
    Steps steps;
    steps.does = [](char s, int at) {
        if (s == '+' && at == 1) {
            throw std::out_of_range("input");
        }
    };
    {
        auto made = pool.imap(itself, steps);
        EXPECT_EQ(made.next(), 0);
    }
    EXPECT_EQ(testing::take_unhandled(), std::vector<std::string>{"green thread: std::out_of_range: input"});
}

TENDRIL_TEST(Imap, ErrorsOfJobsComeInTheirPlaceAndThoseNobodyTakesAreReportedOnce) {
    Pool pool(4);
    const auto odd = [](int i) {
        if (i % 2 != 0) {
            throw std::runtime_error(std::to_string(i));
        }
        return i;
    };
    Steps steps{.end_at = 4};
    {
        auto made = pool.imap(odd, steps);
        EXPECT_EQ(made.next(), 0);
        EXPECT_THROW(made.next(), std::runtime_error);
        EXPECT_EQ(made.next(), 2);
        yield();
    }
    EXPECT_EQ(testing::take_unhandled(), std::vector<std::string>{"green thread: std::runtime_error: 3"});
    int errors = 0;
    auto made = pool.imap(odd, steps);
    for (auto it = made.begin(); it != made.end(); ++it) {
        try {
            EXPECT_EQ(*it % 2, 0);
        } catch (const std::runtime_error&) {
            ++errors;
        }
    }
    EXPECT_EQ(errors, 2);
    EXPECT_THROW(pool.map(odd, steps), std::runtime_error);
    static_cast<void>(testing::take_unhandled());  // 3 had failed, or was killed: as it came
}

TENDRIL_TEST(Imap, AJobThatIsKilledIsAnErrorOfItsResult) {
    Pool pool(2);
    std::vector<AnyGreenlet> jobs;
    Steps steps{.end_at = 2};
    auto made = pool.imap(
        [&](int i) {
            jobs.push_back(current());
            if (i == 0) {
                sleep(never);
            }
            return i;
        },
        steps);
    const auto killer = spawn([&] {
        idle();
        jobs[0].kill();
    });
    EXPECT_THROW(made.next(), GreenletKilled);
    EXPECT_EQ(made.next(), 1);
    EXPECT_EQ(made.next(), std::nullopt);
    killer.join();
}

TENDRIL_TEST(Imap, LeftEarlyByBreakByExceptionAndByKillItEndsItsJobs) {
    Pool pool(3);
    int alive = 0;
    const auto job = [&](int i) {
        struct Counted {
            int& n;
            ~Counted() {
                yield();
                --n;
            }
        } const counted{++alive};
        if (i > 0) {
            sleep(never);
        }
        return i;
    };
    Steps steps;
    for (const bool ordered : {true, false}) {
        const auto made = [&] { return ordered ? pool.imap(job, steps) : pool.imap_unordered(job, steps); };
        for (const int i : made()) {
            EXPECT_EQ(i, 0);
            yield();
            break;
        }
        EXPECT_EQ(alive, 0);
        EXPECT_THROW(
            for (const int i
                 : made()) {
                yield();
                throw i;
            },
            int);
        EXPECT_EQ(alive, 0);
        const auto consumer = spawn([&] { all(made()); });
        idle();
        EXPECT_EQ(alive, 3);
        EXPECT_EQ(pool.waiting(), 0u);  // the window is the Pool's size: the feeder waits for the consumer
        EXPECT_TRUE(consumer.kill());
        EXPECT_EQ(alive, 0);
        EXPECT_FALSE(with_timeout(1ms, [&] { all(made()); }));
        EXPECT_EQ(alive, 0);
        const auto unused = made();
    }
    pool.join();
    expect_idle(pool);
}

// The feeder is killed in the same round in which it was handed a slot.
TENDRIL_TEST(Imap, LeftWhileItsFeederIsHandedASlot) {
    Pool pool(0);
    Steps steps;
    {
        const auto made = pool.imap([](int) { sleep(never); }, steps);
        yield();
        EXPECT_EQ(pool.waiting(), 1u);
        pool.resize(1);
    }
    pool.join();
    expect_idle(pool);
}

TENDRIL_TEST(Imap, OnAPoolOfZeroItGoesOnWhenThatIsResized) {
    Pool pool(0);
    Steps steps{.end_at = 5};
    const auto consumer = spawn([&] { return all(pool.imap(itself, steps)); });
    yield();
    yield();
    EXPECT_FALSE(consumer.ready());
    pool.resize(2);
    EXPECT_EQ(consumer.get(), (std::vector{0, 1, 2, 3, 4}));
}

TENDRIL_TEST(Imap, AnInputThatCatchesTheKillEndsAllTheSame) {
    Pool pool(2);
    Steps steps;
    steps.does = [](char s, int at) {
        try {
            if (s == '+' && at == 1) {
                sleep(never);
            }
        } catch (const GreenletExit&) {
        }
    };
    {
        auto made = pool.imap(itself, steps);
        EXPECT_EQ(made.next(), 0);
        yield();
    }
    pool.join();
    expect_idle(pool);
}

TENDRIL_TEST(Imap, ABlockingInputThatGrowsWithTheResults) {
    Pool pool(3);
    Queue<int> input;
    std::optional<int> next;
    Steps steps;
    steps.does = [&](char step, int) {
        if (step == 'b' || step == '+') {
            next = input.get();
        }
    };
    input.put(1);
    int sum = 0;
    int open = 1;
    const auto taken = [&](int) {
        return *std::exchange(next, std::nullopt);
    };  // by the input's step, not yet by a job
    EXPECT_THROW(
        for (const int i
             : pool.imap_unordered({.window = 1}, taken, steps)) {
            sum += i;
            for (int child = 2 * i; child <= 2 * i + 1 && child < 16; ++child) {
                input.put(child);
                ++open;
            }
            if (--open == 0) {
                input.shutdown();
            }
        },
        ShutDown);
    EXPECT_EQ(sum, 15 * 16 / 2);
}

TENDRIL_TEST(Imap, ResultsOfEveryKind) {
    Pool pool(2);
    Steps steps{.end_at = 3};
    int sum = 0;
    for (const std::unique_ptr<int>& p : pool.imap([](int i) { return std::make_unique<int>(i); }, steps)) {
        sum += *p;
    }
    EXPECT_EQ(sum, 3);
    const std::vector<std::unique_ptr<int>> pointers = pool.map([](int i) { return std::make_unique<int>(i); }, steps);
    EXPECT_EQ(*pointers.at(2), 2);

    int calls = 0;
    for ([[maybe_unused]] auto nothing : pool.imap([&](int) { ++calls; }, steps)) {
        ++sum;
    }
    EXPECT_EQ(sum, 6);
    pool.map([&](int) { ++calls; }, steps);
    EXPECT_EQ(calls, 6);

    std::vector<std::string> names{"a", "b", "c"};
    auto copies = pool.imap([&](int i) -> std::string& { return names[static_cast<std::size_t>(i)]; }, steps);
    EXPECT_EQ(copies.next(), "a");
    names[1] = "x";
    static_assert(std::is_same_v<decltype(copies), Imap<std::string>>);

    struct Throws {
        Throws() = default;
        Throws(const Throws&) { throw std::runtime_error("copy"); }
    };
    const Throws throws;
    auto bad = pool.imap([&](int) -> const Throws& { return throws; }, std::vector{1});
    EXPECT_THROW(bad.next(), std::runtime_error) << "as an error of its job";
}

TENDRIL_TEST(Imap, InputsOfEveryKind) {
    Pool pool(2);
    std::vector<std::unique_ptr<int>> pointers;
    pointers.push_back(std::make_unique<int>(1));
    pointers.push_back(std::make_unique<int>(2));
    const auto value = [](std::unique_ptr<int> p) { return *p; };
    EXPECT_EQ(pool.map(value, std::move(pointers)), (std::vector{1, 2}));
    const bool bits[] = {true, false};
    EXPECT_EQ(pool.map([](bool b) { return b ? 1 : 0; }, bits), (std::vector{1, 0}));
    EXPECT_EQ(pool.map([](int a, const std::string& b) { return a + static_cast<int>(b.size()); }, Steps{},
                       std::vector<std::string>{"", "xx", "x"}),
              (std::vector{0, 3, 3}))
        << "until the shorter one ends";
    EXPECT_EQ(all(pool.starmap([](int a, int b) { return a * b; }, std::vector<std::tuple<int, int>>{{2, 3}, {4, 5}})),
              (std::vector{6, 20}));
    EXPECT_TRUE(pool.map(itself, std::vector<int>()).empty());
    // One imap as the input of another, through the same Pool.
    EXPECT_EQ(pool.map([](int i) { return i + 1; }, pool.imap([](int i) { return 10 * i; }, Steps{.end_at = 3})),
              (std::vector{1, 11, 21}));
}

TENDRIL_TEST(Imap, MayBeMoved) {
    Pool pool(2);
    Steps steps{.end_at = 3};
    auto first = pool.imap(itself, steps);
    EXPECT_EQ(first.next(), 0);
    auto second = std::move(first);
    EXPECT_EQ(all(second), (std::vector{1, 2}));
    EXPECT_THROW(first.next(), std::logic_error);
}

TENDRIL_TEST(Imap, TwoConsumersShareTheResults) {
    Pool pool(2);
    Steps steps{.end_at = 20};
    for (const bool ordered : {true, false}) {
        const auto job = [](int i) {
            for (int n = i % 3; n >= 0; --n) {
                yield();
            }
            return i;
        };
        auto made = ordered ? pool.imap(job, steps) : pool.imap_unordered(job, steps);
        std::vector<bool> seen(20);
        const auto consume = [&] {
            while (const std::optional<int> i = made.next()) {
                EXPECT_FALSE(seen[static_cast<std::size_t>(*i)]);
                seen[static_cast<std::size_t>(*i)] = true;
            }
        };
        const auto killed = spawn(consume);
        const auto one = spawn(consume);
        const auto two = spawn(consume);
        yield();
        killed.kill();
        join_all({one, two}, {.raise_error = true});
        EXPECT_EQ(seen, std::vector<bool>(20, true));
    }
}

// Workers that consume an imap of their own Pool lend their slots.

int tree(Pool& pool, int depth) {
    if (depth == 0) {
        return 1;
    }
    int sum = 0;
    for (const int i : pool.imap([&](int) { return tree(pool, depth - 1); }, std::vector{1, 2})) {
        sum += i;
    }
    return sum;
}

TENDRIL_TEST(Imap, NestedThreeDeepInFullPools) {
    for (const int size : {1, 2, 5}) {
        Pool pool(size);
        EXPECT_EQ(pool.spawn([&] { return tree(pool, 3); }).get(), 8);
        EXPECT_EQ(tree(pool, 3), 8);
        pool.join();
        expect_idle(pool);
    }
    Group group;
    EXPECT_EQ(group.spawn([&] {
                       return group.map([&](int i) { return i + 1; }, std::vector{1, 2});
                   })
                  .get(),
              (std::vector{2, 3}))
        << "a Group has no bound that a loan could break";
}

TENDRIL_TEST(Imap, ALoanIsCountedAndEndsWithTheMembershipOfTheLender) {
    Pool pool(1);
    Event go;
    const auto lender = pool.spawn([&] {
        auto made = pool.imap(
            [&](int) {
                EXPECT_EQ(pool.running(), 1u) << "the lender's slot, in use by its job";
                EXPECT_EQ(pool.free(), 0);
                EXPECT_TRUE(pool.full());
                go.wait();
            },
            std::vector{1});
        made.next();
    });
    idle();
    EXPECT_EQ(pool.size(), 2u);
    EXPECT_FALSE(pool.try_spawn([] {}));
    EXPECT_TRUE(pool.discard(lender));
    EXPECT_EQ(pool.running(), 1u);
    EXPECT_FALSE(pool.try_spawn([] {}));
    go.set();
    lender.get();
    pool.join();
    expect_idle(pool);
}

TENDRIL_TEST(Imap, KillOfThePoolEndsALenderAndItsJobs) {
    Pool pool(1);
    const auto lender = pool.spawn([&] { all(pool.imap([](int) { return sleep(never), 1; }, Steps{})); });
    idle();
    EXPECT_TRUE(pool.kill());
    EXPECT_TRUE(lender.killed());
    expect_idle(pool);
}

TENDRIL_TEST(Imap, NoStackForAJobIsAnErrorOfTheInput) {
    Pool pool(2);
    auto made = pool.imap({.stack_size = 1}, itself, std::vector{1, 2});
    EXPECT_THROW(made.next(), std::invalid_argument);
    EXPECT_EQ(made.next(), std::nullopt);
    expect_idle(pool);
}

TENDRIL_TEST(ImapThreads, RefusesOthers) {
    Pool pool(2);
    auto made = pool.imap(itself, std::vector{1, 2});
    std::thread([&] { EXPECT_THROW(made.next(), WrongThread); }).join();
    EXPECT_EQ(all(made), (std::vector{1, 2}));
}

TEST(ImapDeath, DestroyedInItsOwnJobInItsInputAndByAnotherOsThread) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto run = [](int where) {
        Pool pool(2);
        std::optional<Imap<int>> made;
        Steps steps;
        steps.does = [&](char, int at) {
            if (where == 1 && at == 1) {
                made.reset();
            }
        };
        made.emplace(pool.imap(
            [&](int i) {
                if (where == 0) {
                    made.reset();
                }
                return i;
            },
            steps));
        if (where == 2) {
            std::thread([&] { made.reset(); }).join();
        }
        if (where == 3) {
            const auto consumer = spawn([&] {
                while (made->next()) {
                }
            });
            pool.resize(0);
            idle();
            made.reset();
        }
        idle();
    };
    EXPECT_DEATH(run(0), "an imap was destroyed, and could not wait for the ends of its jobs.*waits for its own end");
    EXPECT_DEATH(run(1), "an imap was destroyed, and could not wait for the ends of its jobs.*waits for its own end");
    EXPECT_DEATH(run(2), "an imap was destroyed, and could not wait for the ends of its jobs.*WrongThread");
    EXPECT_DEATH(run(3), "an imap was destroyed while a green thread waited for its next result");
}

TEST(ImapStatic, OutlivesTheHub) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            static Pool pool(2);
            static auto made = pool.imap([](int i) { return sleep(never), i; }, Steps{});
            yield();
            std::exit(0);
        },
        ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace tendril
