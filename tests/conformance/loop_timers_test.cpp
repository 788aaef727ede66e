// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md section 3.C, rows TC10 and TC20: no timer of any kind fires early, and those that were
// cancelled leave nothing behind.

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <random>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/select.hpp>
#include <tendril/socket.hpp>
#include <tendril/timeout.hpp>
#include <tendril/watchers.hpp>

#include "green_test.hpp"
#include "pipe.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::Pipe;
using Clock = std::chrono::steady_clock;

class Chance {
public:
    explicit Chance(unsigned seed) : engine_(seed) {}
    std::chrono::nanoseconds below(std::chrono::nanoseconds most) {
        return std::chrono::nanoseconds(std::uniform_int_distribution<std::int64_t>(0, most.count())(engine_));
    }

private:
    std::mt19937 engine_;
};

// Calls `wait` with `count` random times, one after another, in each of `crew` green threads.
// Returns: how many came early.
template <class F>
AnyGreenlet measure(int crew, int count, int& early, F wait) {
    return spawn([=, &early] {
        std::vector<AnyGreenlet> all;
        for (int i = 0; i < crew; ++i) {
            all.push_back(spawn([=, &early, seed = static_cast<unsigned>(i)] {
                Chance chance(seed);
                for (int k = 0; k < count; ++k) {
                    const auto time = chance.below(20ms);
                    const auto begin = Clock::now();
                    wait(time);
                    early += Clock::now() - begin < time ? 1 : 0;
                }
            }));
        }
        join_all(all);
    });
}

TENDRIL_TEST(ConformanceC, TC10_NoneOfAHundredThousandTimersFiresEarly) {
    int early = 0;
    int fired = 0;
    Chance chance(1);
    std::vector<Timer> watchers;
    watchers.reserve(40'000);
    for (int i = 0; i < 40'000; ++i) {
        const auto time = chance.below(1s);
        watchers.emplace_back(time, [&early, &fired, at = Clock::now() + time] {
            ++fired;
            early += Clock::now() < at ? 1 : 0;
        });
    }
    Listener listener = listen("127.0.0.1:0");
    const std::vector<AnyGreenlet> all{
        measure(300, 100, early, [](auto time) { sleep(time); }),
        measure(100, 100, early, [](auto time) { with_timeout(time, [] { sleep(never); }); }),
        measure(100, 100, early,
                [&](auto time) {
                    Pipe pipe;
                    EXPECT_THROW(wait_readable(pipe.reader.get(), time), TimeoutError);
                }),
        measure(50, 100, early, [&](auto time) { EXPECT_TRUE(select({}, {}, {listener}, time).exceptional.empty()); }),
        spawn([&] {
            TcpSocket client = connect(listener.address());
            measure(1, 100, early, [&](auto time) {
                char c = 0;
                EXPECT_THROW(client.recv({&c, 1}, time), TimeoutError);
            }).join();
        }),
    };
    join_all(all);
    EXPECT_TRUE(Hub::current().run_until_idle());
    EXPECT_EQ(fired, 40'000);
    EXPECT_EQ(early, 0);
}

TENDRIL_TEST(ConformanceC, TC10_TimeoutsAndKilledSleepsLeaveNothingBehind) {
    constexpr int rounds = 100;
    constexpr int at_once = 500;
    for (int i = 0; i < rounds; ++i) {
        std::vector<AnyGreenlet> sleepers;
        for (int k = 0; k < at_once; ++k) {
            sleepers.push_back(spawn([] { sleep(1h); }));
        }
        yield();
        EXPECT_EQ(Hub::current().stats().timers, std::size_t{at_once});
        kill_all(sleepers);
        for (int k = 0; k < at_once; ++k) {
            const Timeout timeout(1h);
        }
        EXPECT_EQ(Hub::current().stats().timers, 0u);
    }
    EXPECT_LE(Hub::current().stats().stacks_free, std::size_t{at_once} + 8);
}

// TC20
TENDRIL_TEST(ConformanceC, TC20_AllKindsOfOneMomentFireInTheOrderOfTheirMaking) {
    const auto moment = Deadline(Clock::now() + 3ms);
    std::vector<int> order;
    const auto sleeper = [&](int id) {
        return spawn([&order, moment, id] {
            sleep(moment);
            order.push_back(id);
        });
    };
    const auto first = sleeper(1);
    yield();  // it sleeps
    const auto second = spawn_after(moment, [&] { order.push_back(2); });
    const auto third = sleeper(3);
    join_all(std::array<AnyGreenlet, 3>{first, second, third});
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

}  // namespace
}  // namespace tendril
