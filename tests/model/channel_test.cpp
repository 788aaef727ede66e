// SPDX-License-Identifier: MIT
//
// Channel and JoinableQueue in every order: an item is put exactly when it is got; join() returns when all work is
// done.

#include <tendril/channel.hpp>
#include <tendril/joinable_queue.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "interleavings.hpp"

namespace tendril {
namespace {

using testing::explore;
using testing::Order;

using Item = std::unique_ptr<int>;

struct Meeting {
    Channel<Item> channel;
    std::vector<int> put;
    std::vector<int> got;

    void putter(int number, Deadline deadline = never) {
        Item item = std::make_unique<int>(number);
        try {
            channel.put(std::move(item), deadline);
            put.push_back(number);
            EXPECT_EQ(item, nullptr);
        } catch (...) {
            EXPECT_TRUE(item != nullptr && *item == number) << "a put that failed has moved its argument";
            throw;
        }
    }
    void getter(Deadline deadline = never) { got.push_back(*channel.get(deadline)); }

    void balance() {
        std::sort(put.begin(), put.end());
        std::sort(got.begin(), got.end());
        EXPECT_EQ(put, got);
        EXPECT_EQ(channel.getting() + channel.putting(), 0u);
    }
};

template <class F>
std::string ending(F f) {
    try {
        f();
        return "done";
    } catch (const Empty&) {
        return "empty";
    } catch (const Full&) {
        return "full";
    } catch (const ShutDown&) {
        return "shut down";
    } catch (const Timeout::Expired&) {
        return "expired";
    } catch (const GreenletExit&) {
        return "killed";
    }
}

TEST(ModelChannel, APutterIsKilled) {
    const auto explored = explore("channel: a putter is killed", [](Order& order) {
        Meeting meeting;
        std::string end = "never began";
        auto dies = order.go("dies", [&] { end = ending([&] { meeting.putter(1); }); });
        order.go("putter", [&] { meeting.putter(2); });
        order.go("getter", [&] { meeting.getter(); });
        order.go("killer", [&] { dies.kill(); });
        order.go("backstop", [&] {
            dies.join();
            if (end == "done") {
                meeting.getter();
            }
        });
        order.finish();
        order.saw(end);
        meeting.balance();
    });
    explored.expect_outcomes("done, killed, never began");
}

TEST(ModelChannel, AGetterIsKilled) {
    const auto explored = explore("channel: a getter is killed", [](Order& order) {
        Meeting meeting;
        std::string end = "never began";
        auto dies = order.go("dies", [&] { end = ending([&] { meeting.getter(); }); });
        order.go("getter", [&] { meeting.getter(); });
        order.go("putter", [&] { meeting.putter(1); });
        order.go("killer", [&] { dies.kill(); });
        order.go("backstop", [&] {
            dies.join();
            if (end == "done") {
                meeting.putter(2);
            }
        });
        order.finish();
        order.saw(end);
        meeting.balance();
    });
    explored.expect_outcomes("done, killed, never began");
}

TEST(ModelChannel, DeadlinesOnBothSides) {
    const auto explored = explore("channel: deadlines on both sides", [](Order& order) {
        Meeting meeting;
        const int first = static_cast<int>(order.choose(2));
        std::string ends[3];
        order.go("putter", [&] { ends[0] = ending([&] { meeting.putter(1, order.at(1 + first)); }); });
        order.go("getter", [&] { ends[1] = ending([&] { meeting.getter(order.at(2 - first)); }); });
        order.go("other", [&] {
            ends[2] = ending([&] {
                Timeout limit(order.at(3));
                meeting.putter(2);
            });
        });
        order.go("tries", [&] {
            if (std::optional<Item> item = meeting.channel.try_get()) {
                meeting.got.push_back(**item);
            }
        });
        order.finish();
        order.saw("put " + ends[0]);
        order.saw("get " + ends[1]);
        order.saw("other " + ends[2]);
        meeting.balance();
    });
    explored.expect_outcomes("get done, get empty, other done, other expired, put done, put full");
}

TEST(ModelChannel, Shutdown) {
    const auto explored = explore("channel: shutdown", [](Order& order) {
        Meeting meeting;
        std::string ends[3];
        order.go("putter", [&] { ends[0] = ending([&] { meeting.putter(1); }); });
        order.go("other", [&] { ends[1] = ending([&] { meeting.putter(2); }); });
        auto dies = order.go("getter", [&] {
            ends[2] = ending([&] {
                meeting.getter();
                meeting.getter();
            });
        });
        order.go("closer", [&] { meeting.channel.shutdown(); });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        order.saw("getter " + (ends[2].empty() ? "never began" : ends[2]));
        meeting.balance();
    });
    explored.expect_outcomes("getter done, getter killed, getter never began, getter shut down");
}

TEST(ModelJoinableQueue, JoinWaitsForAllThatWasPut) {
    explore("joinable queue: join", [](Order& order) {
        JoinableQueue<int> jobs(1);
        int done = 0;
        order.go("putter", [&] {
            jobs.put(1);
            jobs.put(2);
            EXPECT_TRUE(jobs.join());
            EXPECT_EQ(done, 2);
        });
        order.go("worker", [&] {
            for (int i = 0; i < 2; ++i) {
                const auto task = jobs.get_task();
                yield();
                ++done;
            }
        });
        order.go("joiner", [&] {
            EXPECT_TRUE(jobs.join());
            EXPECT_EQ(jobs.unfinished_tasks(), 0u);
        });
        order.go("timed joiner", [&] { order.saw(jobs.join(order.at(1)) ? "joined" : "late"); });
        order.finish();
        EXPECT_EQ(jobs.unfinished_tasks(), 0u);
    });
}

TEST(ModelJoinableQueue, AWorkerAndAJoinerAreKilled) {
    const auto explored = explore("joinable queue: a worker and a joiner are killed", [](Order& order) {
        JoinableQueue<int> jobs;
        std::string end = "never began";
        const auto work = [&] {
            for (;;) {
                const auto task = jobs.get_task();
                yield();
            }
        };
        auto dies = order.go("dies", work);
        auto worker = order.go("worker", work);
        auto joiner = order.go("joiner", [&] { end = ending([&] { jobs.join(); }); });
        order.go("killer", [&] { dies.kill(); });
        order.go("killer of the joiner", [&] { joiner.kill_nowait(); });
        order.go("main", [&] {
            jobs.put(1);
            EXPECT_TRUE(jobs.join());
            worker.kill();
        });
        order.finish();
        order.saw(end);
        EXPECT_EQ(jobs.unfinished_tasks(), 0u);
    });
    explored.expect_outcomes("done, killed, never began");
}

TEST(ModelJoinableQueue, ShutdownAtOnce) {
    const auto explored = explore("joinable queue: shutdown at once", [](Order& order) {
        JoinableQueue<int> jobs(1);
        std::string ends[2];
        order.go("putter", [&] {
            ending([&] {
                jobs.put(1);
                jobs.put(2);
            });
        });
        order.go("worker", [&] {
            ends[0] = ending([&] {
                for (;;) {
                    const auto task = jobs.get_task();
                    yield();
                }
            });
        });
        order.go("joiner", [&] { ends[1] = ending([&] { jobs.join(); }); });
        order.go("closer", [&] { jobs.shutdown(true); });
        order.finish();
        EXPECT_EQ(ends[0], "shut down");
        order.saw(ends[1]);
        EXPECT_EQ(jobs.unfinished_tasks(), 0u);
    });
    explored.expect_outcomes("done, shut down");
}

}  // namespace
}  // namespace tendril
