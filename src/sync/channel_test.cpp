// SPDX-License-Identifier: MIT
//
// A Channel as a range. What else it does: tests/conformance/queue_test.cpp, tests/model/channel_test.cpp.

#include <tendril/channel.hpp>

#include <memory>
#include <ranges>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

static_assert(std::ranges::input_range<Channel<std::unique_ptr<int>>>);

TENDRIL_TEST(Channel, ALoopOverItGetsUntilTheShutdown) {
    Channel<int> channel;
    const auto putter = spawn([&] {
        for (int i = 0; i < 5; ++i) {
            channel.put(i);
        }
        channel.shutdown();
    });
    std::vector<int> got;
    for (const int item : channel) {
        got.push_back(item);
    }
    EXPECT_EQ(got, (std::vector{0, 1, 2, 3, 4}));
    EXPECT_TRUE(channel.begin() == channel.end()) << "it stays shut down";
    putter.get();
}

TENDRIL_TEST(Channel, AShutdownEndsALoopThatWaits) {
    Channel<int> channel;
    const auto loop = spawn([&] {
        for ([[maybe_unused]] const int item : channel) {
            ADD_FAILURE();
        }
    });
    yield();
    channel.shutdown();
    loop.get();
}

// However a loop ends, the next one goes on with the next item: nothing is lost.
TENDRIL_TEST(Channel, ALoopThatIsLeftKilledOrLateTakesNothingWithIt) {
    Channel<int> channel;
    std::vector<int> got;
    const auto loop = [&] {
        for (const int item : channel) {
            got.push_back(item);
        }
    };
    const auto killed = spawn(loop);
    yield();
    channel.put(1);
    killed.kill();
    EXPECT_FALSE(with_timeout(1ms, loop));
    EXPECT_EQ(channel.getting(), 0u);
    const auto putter = spawn([&] {
        channel.put(2);
        channel.put(3);
        channel.shutdown();
    });
    for (const int item : channel) {
        EXPECT_EQ(item, 2);
        break;
    }
    loop();
    EXPECT_EQ(got, (std::vector{1, 3}));
    putter.get();
}

}  // namespace
}  // namespace tendril
