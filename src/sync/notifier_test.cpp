// SPDX-License-Identifier: MIT
//
// Types of a user's own in wait(), iwait() and get_any(): Notifier and SharedNotifier.

#include <tendril/notifier.hpp>
#include <tendril/shared_notifier.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include <tendril/error.hpp>
#include <tendril/event.hpp>
#include <tendril/get_any.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>
#include <tendril/timeout.hpp>
#include <tendril/wait.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

class Download {
public:
    bool ready() const { return ended_; }
    void observe(Observer& observer) const { ends_.observe(observer); }
    void end() {
        ended_ = true;
        ends_.notify();
    }
    void begin_again() { ended_ = false; }

private:
    bool ended_ = false;
    Notifier ends_;
};

// Made of a thing that is waitable.
struct Wrapped {
    Event event;
    bool ready() const { return event.ready(); }
    void observe(Observer& observer) const { event.observe(observer); }
};

// Holds one item; of one hub.
class Box {
public:
    using value_type = int;
    bool ready() const { return item_.has_value(); }
    void observe(Observer& observer) const { filled_.observe(observer); }
    std::optional<int> try_get() { return std::exchange(item_, std::nullopt); }
    void fill(int item) {
        item_ = item;
        filled_.notify();
    }

private:
    std::optional<int> item_;
    Notifier filled_;
};

static_assert(Waitable<Download> && Waitable<Wrapped> && detail::Gettable<Box>);
static_assert(!detail::Gettable<Download>);

TENDRIL_TEST(Notifier, ATypeOfOnesOwnIsWaitedForAmongOthers) {
    Download download;
    Wrapped wrapped;
    Event event;
    EXPECT_TRUE(wait({AnyWaitable(download), AnyWaitable(wrapped), AnyWaitable(event)}, 1ms).empty());
    spawn_n([&] {
        download.end();
        wrapped.event.set();
    });
    const auto ready = wait({AnyWaitable(event), AnyWaitable(wrapped), AnyWaitable(download)}, 60s, 2);
    ASSERT_EQ(ready.size(), 2u);
    EXPECT_TRUE(ready[0].is(download) && ready[1].is(wrapped));
    EXPECT_EQ(wait({&download}).size(), 1u) << "it is ready already";
}

TENDRIL_TEST(Notifier, WakesAllInTheOrderOfTheirComing) {
    Download download;
    std::vector<int> order;
    std::vector<Greenlet<void>> waiters;
    for (int i = 0; i < 3; ++i) {
        waiters.push_back(spawn([&, i] {
            EXPECT_EQ(wait({&download}, 60s).size(), 1u);
            order.push_back(i);
        }));
    }
    yield();
    download.end();
    download.begin_again();
    EXPECT_TRUE(order.empty()) << "it never switches";
    join_all(waiters);
    EXPECT_EQ(order, (std::vector{0, 1, 2}));
    EXPECT_TRUE(wait({&download}, 0s).empty()) << "a notification is for those who wait";
}

TENDRIL_TEST(Notifier, IwaitWalksThemAsTheyBecomeReady) {
    std::vector<Download> all(3);
    spawn_n([&] {
        all[2].end();
        yield();
        all[0].end();
        yield();
        all[1].end();
    });
    std::vector<std::ptrdiff_t> order;
    for (const Download& each : iwait(all)) {
        order.push_back(&each - all.data());
    }
    EXPECT_EQ(order, (std::vector<std::ptrdiff_t>{2, 0, 1}));
}

TENDRIL_TEST(Notifier, AKillADeadlineAndATimeoutLeaveNothingBehind) {
    Download download;
    const auto killed = spawn([&] { wait({&download}); });
    yield();
    killed.kill();
    EXPECT_TRUE(wait({&download}, 1ms).empty());
    EXPECT_FALSE(with_timeout(1ms, [&] { wait({&download}); }));
    // Its destructor would abort if one were left.
}

TENDRIL_TEST(Notifier, WhatObservingThrowsLeavesTheWait) {
    struct Bad {
        bool ready() const { return false; }
        void observe(Observer&) const { throw std::runtime_error("not today"); }
    };
    Download before;
    Bad bad;
    EXPECT_THROW(wait({AnyWaitable(before), AnyWaitable(bad)}), std::runtime_error);
}

TENDRIL_TEST(Notifier, AQueueOfOnesOwnTakesPartInGetAny) {
    Box box;
    Queue<int> queue;
    EXPECT_FALSE(try_get_any(box, queue));
    EXPECT_THROW(get_any(1ms, box, queue), Empty);
    box.fill(1);
    EXPECT_EQ(std::get<0>(get_any(box, queue)), 1);
    spawn_n([&] { box.fill(2); });
    EXPECT_EQ(std::get<1>(get_any(queue, box)), 2);
    spawn_n([&] { queue.put(3); });
    EXPECT_EQ(std::get<1>(get_any(60s, box, queue)), 3);

    const auto killed = spawn([&] { get_any(box, queue); });
    yield();
    killed.kill_nowait();
    box.fill(4);
    killed.join();
    EXPECT_EQ(box.try_get(), 4) << "a kill takes nothing";
    queue.shutdown();
    EXPECT_THROW(get_any(box, queue), ShutDown);
}

TENDRIL_TEST(Notifier, OneOfSeveralGettersGetsTheItemAndTheOthersWaitOn) {
    std::vector<std::unique_ptr<Box>> boxes;
    boxes.push_back(std::make_unique<Box>());
    boxes.push_back(std::make_unique<Box>());
    const auto get = [&] { return get_any(boxes, 60s).second; };
    const auto a = spawn(get);
    const auto b = spawn(get);
    yield();
    boxes[1]->fill(1);
    a.join();
    yield();
    EXPECT_FALSE(b.ready());
    boxes[0]->fill(2);
    EXPECT_EQ(a.get() + b.get(), 3);
}

void destroy_while_waited_for() {
    auto download = std::make_unique<Download>();
    spawn_n([&] { wait({download.get()}); });
    yield();
    download.reset();
}

TEST(Notifier, DestroyedWhileSomebodyWaitsAborts) {
    EXPECT_DEATH(destroy_while_waited_for(), "what has a Notifier was destroyed while wait\\(\\) or iwait\\(\\)");
}

TENDRIL_TEST(NotifierThreads, BelongsToItsOsThread) {
    Download download;
    EXPECT_TRUE(wait({&download}, 0s).empty());
    std::thread([&] {
        EXPECT_THROW(wait({&download}), WrongThread);
        EXPECT_THROW(download.end(), WrongThread);
    }).join();
}

class Job {
public:
    bool ready() const { return ended_; }
    void observe(Observer& observer) const {
        ends_.observe(observer, [this] { return ready(); });
    }
    void end() {
        ended_ = true;
        ends_.notify();
    }

private:
    std::atomic<bool> ended_ = false;
    SharedNotifier ends_;
};

TENDRIL_TEST(SharedNotifierThreads, AnOsThreadWithoutAHubWakesWaitersOfSeveral) {
    Job job;
    Event never_set;
    std::atomic<int> woken{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&] {
            std::vector<Greenlet<void>> waiters;
            for (int i = 0; i < 4; ++i) {
                waiters.push_back(spawn([&] { woken += static_cast<int>(wait({&job}, 60s).size()); }));
            }
            join_all(waiters);
        });
    }
    std::thread ends([&] { job.end(); });
    EXPECT_EQ(wait({AnyWaitable(never_set), AnyWaitable(job)}, 60s, 1).size(), 1u);
    ends.join();
    for (std::thread& each : threads) {
        each.join();
    }
    EXPECT_EQ(woken, 12);
}

// The state changes between ready() and observe() of a wait that begins: it must not be missed.
TENDRIL_TEST(SharedNotifierThreads, NoChangeIsMissed) {
    for (int i = 0; i < 200; ++i) {
        Job job;
        std::thread ends([&] { job.end(); });
        EXPECT_EQ(wait({&job}, 60s).size(), 1u);
        ends.join();
    }
}

TENDRIL_TEST(SharedNotifierThreads, AKillADeadlineAndATimeoutLeaveNothingBehind) {
    for (int i = 0; i < 50; ++i) {
        Job job;
        const auto killed = spawn([&] { wait({&job}); });
        yield();
        std::thread ends([&] { job.end(); });
        killed.kill();
        EXPECT_LE(wait({&job}, 0s).size(), 1u);
        with_timeout(0s, [&] { wait({&job}); });
        ends.join();
    }
}

}  // namespace
}  // namespace tendril
