// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md section 3.C: hubs and OS threads.

#include <atomic>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TEST(ConformanceCThreads, TC04_AThreadsHubIsFreedWithTheThread) {
    const std::size_t descriptors = testing::count_descriptors();
    for (int i = 0; i < 10; ++i) {
        std::weak_ptr<int> held;
        std::thread([&held] {
            const auto value = std::make_shared<int>(1);
            held = value;
            spawn_n([value] { sleep(never); });
            spawn_after(1h, [value] {});
            yield();
        }).join();
        EXPECT_TRUE(held.expired()) << "a green thread was not unwound";
    }
    EXPECT_EQ(testing::count_descriptors(), descriptors);
}

TENDRIL_TEST(ConformanceCThreads, TC12_SendsFromAnotherThreadWakeTheLoopOnce) {
    int runs = 0;
    const auto sleeper = spawn([] { sleep(1h); });
    Async async([&] {
        ++runs;
        sleeper.kill_nowait();
    });
    std::thread([sender = async.sender()] {
        for (int i = 0; i < 3; ++i) {
            EXPECT_TRUE(sender.send_threadsafe());
        }
    }).join();
    EXPECT_EQ(runs, 0) << "it runs in the hub, not in the sender's thread";
    sleeper.join();
    EXPECT_EQ(runs, 1);
    EXPECT_TRUE(sleeper.killed());
}

TENDRIL_TEST(ConformanceCThreads, TC12_ASendWakesASleepingHub) {
    const AnyGreenlet me = current();
    Async async([&] { me.kill_nowait(); });
    std::thread sender([s = async.sender()] { s.send_threadsafe(); });
    EXPECT_THROW(sleep(never), GreenletExit);
    sender.join();
}

TEST(ConformanceCThreads, TC22_HubsOnSeveralOsThreadsAreIndependent) {
    constexpr int threads = 4;
    std::atomic<int> there{0};
    std::vector<std::set<std::uint64_t>> ids(threads);
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t) {
        running.emplace_back([&there, &mine = ids[static_cast<std::size_t>(t)]] {
            mine.insert(current().id());
            ++there;
            while (there < threads) {  // all hubs live at once
                std::this_thread::yield();
            }
            std::vector<AnyGreenlet> all;
            for (int i = 0; i < 50; ++i) {
                all.push_back(spawn([&mine] {
                    mine.insert(current().id());
                    yield();
                    sleep(1ms);
                }));
            }
            EXPECT_EQ(join_all(all), 50u);
            EXPECT_EQ(Hub::current().stats().greenlets, 0u);
        });
    }
    std::set<std::uint64_t> distinct;
    for (int t = 0; t < threads; ++t) {
        running[static_cast<std::size_t>(t)].join();
        distinct.merge(ids[static_cast<std::size_t>(t)]);
    }
    EXPECT_EQ(distinct.size(), threads * 51u) << "ids are unique in the process";
}

}  // namespace
}  // namespace tendril
