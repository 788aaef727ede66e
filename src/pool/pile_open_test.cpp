// SPDX-License-Identifier: MIT
//
// A Pile that is kept open, as eventlet's GreenMap: producer and consumer are different green threads.

#include <tendril/pile.hpp>

#include <optional>
#include <stdexcept>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(PileOpen, TheConsumerWaitsUntilTheProducerIsDone) {
    Pile<int> pile(2, {.window = 3, .keep_open = true});
    std::vector<int> got;
    auto consumer = spawn([&] {
        for (const int n : pile) {
            got.push_back(n);
        }
    });
    yield();
    EXPECT_FALSE(consumer.ready()) << "an empty Pile is not at its end";
    for (int i = 0; i < 10; ++i) {
        pile.spawn([i] { return i; });
        sleep(i % 3 == 0 ? 1ms : 0ms);  // lets the consumer catch up
    }
    pile.done_spawning();
    consumer.join();
    EXPECT_EQ(got, (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    EXPECT_EQ(pile.next(), std::nullopt);
    pile.done_spawning();
    EXPECT_THROW(pile.spawn([] { return 1; }), std::logic_error);
    EXPECT_EQ(pile.size(), 0u);
}

TENDRIL_TEST(PileOpen, DoneWakesAConsumerAndCountsASpawnUnderWay) {
    Pile<int> pile(1, {.window = 1, .keep_open = true});
    auto consumer = spawn([&] { return pile.next(); });
    auto another = spawn([&] { return pile.next(); });
    yield();
    pile.spawn([] { return 1; });
    EXPECT_EQ(consumer.get(), 1);
    pile.done_spawning();
    EXPECT_EQ(another.get(), std::nullopt);

    Pile<int> full(1, {.window = 1, .keep_open = true});
    full.spawn([] { return 1; });
    auto producer = spawn([&] { full.spawn([] { return 2; }); });
    yield();
    full.done_spawning();
    EXPECT_EQ(full.next(), 1);
    EXPECT_EQ(full.next(), 2) << "its spawn() began before the end";
    EXPECT_EQ(full.next(), std::nullopt);
    producer.join();
}

TENDRIL_TEST(PileOpen, AConsumerThatIsBrokenOffTakesNothing) {
    Pile<int> pile(1, {.keep_open = true});
    EXPECT_FALSE(with_timeout(1ms, [&] { return pile.next(); }));
    auto killed = spawn([&] { return pile.next(); });
    yield();
    killed.kill();
    pile.spawn([] { return 1; });
    EXPECT_EQ(pile.next(), 1);
}

}  // namespace
}  // namespace tendril
