// SPDX-License-Identifier: MIT
//
// World: some of every primitive, used by hundreds of green threads at random, with books about what must be conserved.
//
// Nothing may be held without end: the holder of a lock waits only for what rescue() can give, or for a lock with a
// higher number.

#pragma once

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <tendril/async_result.hpp>
#include <tendril/channel.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/joinable_queue.hpp>
#include <tendril/lock.hpp>
#include <tendril/pool.hpp>
#include <tendril/queue.hpp>
#include <tendril/resource_pool.hpp>
#include <tendril/semaphore.hpp>

#include "chance.hpp"

namespace tendril::stress {

// An item knows who put it, and as his how-manyeth.
struct Load {
    std::size_t putter;
    std::size_t number;
    bool operator<(const Load& other) const { return number < other.number; }
};

// Nothing is lost or doubled: counted, and summed up with weights that tell the items apart.
struct Balance {
    std::size_t items = 0;
    std::uint64_t sum = 0;
    void operator+=(const Load& load) {
        ++items;
        sum += (load.putter + 1) * 0x9e3779b97f4a7c15U * (load.number + 7);
    }
    bool operator==(const Balance&) const = default;
};

struct Item {
    std::unique_ptr<Load> load;
    bool operator<(const Item& other) const { return *load < *other.load; }
};

// A queue and its books.
template <class Q, bool in_order>
struct Stock {
    Q queue;
    Balance put;
    Balance got;
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> last;  // number that this getter had of this putter

    template <class... A>
    explicit Stock(A... a) : queue(a...) {}

    void took(std::size_t getter, const Item& item) {
        ASSERT_NE(item.load, nullptr);
        got += *item.load;
        if constexpr (in_order) {
            std::size_t& before = last[{getter, item.load->putter}];
            EXPECT_LT(before, item.load->number) << "items of one putter came in another order";
            before = item.load->number;
        }
    }
    // Adds all that is left to `got`.
    void drain(std::size_t getter) {
        while (std::optional<Item> item = queue.try_get()) {
            took(getter, *item);
        }
    }
    ~Stock() {
        drain(SIZE_MAX);
        EXPECT_TRUE(put == got) << put.items << " were put and " << got.items << " got";
    }
};

// A thing that a ResourcePool makes.
struct Thing {
    int* alive;
    explicit Thing(int& count) : alive(&count) { ++count; }
    Thing(Thing&& other) noexcept : alive(std::exchange(other.alive, nullptr)) {}
    Thing& operator=(Thing&&) = delete;
    ~Thing() {
        if (alive != nullptr) {
            --*alive;
        }
    }
};

class World {
public:
    using Fifo = Stock<Queue<Item>, true>;
    using Unordered = Stock<LifoQueue<Item>, false>;
    using Ranked = Stock<PriorityQueue<Item>, false>;
    using Jobs = Stock<JoinableQueue<Item>, true>;
    using Meeting = Stock<Channel<Item>, true>;

    // order: draws it all; nullptr: the hub's own order, and the clock's time.
    World(std::uint64_t seed, DrawnOrder* order) : chance(seed), order_(order) {}
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    ~World();

    Deadline in(int microseconds) const {
        const std::chrono::microseconds time(microseconds);
        return order_ != nullptr ? order_->in(time) : Deadline(time);
    }
    Deadline soon_or_never() { return chance.one_in(2) ? never : in(chance.between(0, 60)); }

    void pause() {
        if (chance.one_in(2)) {
            yield();
        } else {
            sleep(in(chance.between(0, 60)));
        }
    }

    // Everybody waits and no deadline is to come. Is that right? Helps some. Returns: false when it cannot be right.
    bool rescue();

    Chance chance;
    std::size_t operations = 0;
    std::uint64_t trace = 0;  // of all that happened: the same for the same seed
    bool over = false;
    std::vector<AnyGreenlet> workers;

    // Shut down now and then, and made anew: each user holds a reference.
    std::array<std::shared_ptr<Fifo>, 3> queues = {std::make_shared<Fifo>(1U), std::make_shared<Fifo>(2U),
                                                   std::make_shared<Fifo>(5U)};
    std::vector<std::shared_ptr<Fifo>> all_queues{queues.begin(), queues.end()};
    Unordered lifo{2U};
    Ranked ranked{2U};
    Jobs jobs{3U};
    Meeting meeting;

    static constexpr std::size_t permits = 2;
    Semaphore semaphore{permits};
    std::size_t added_permits = 0;  // by rescue()
    std::size_t inside = 0;
    std::array<Lock, 2> locks;
    std::array<bool, 2> locked{};
    RLock rlock;
    Lock guard;
    Condition condition;
    Event event;
    std::size_t waits_for_event = 0;
    AsyncResult<int> result;
    std::size_t waits_for_result = 0;
    std::size_t waits_for_condition = 0;

    Pool pool{3};
    int things = 0;
    ResourcePool<Thing> resources{[this] { return make_thing(); }, {.max = 3}};

private:
    Thing make_thing();
    template <class S>
    bool rescue_stock(S& stock);

    DrawnOrder* order_;
};

inline World::~World() {
    EXPECT_EQ(semaphore.available(), permits + added_permits);
    EXPECT_EQ(semaphore.waiting(), 0u);
    EXPECT_FALSE(locks[0].locked() || locks[1].locked() || rlock.locked() || guard.locked());
    EXPECT_EQ(jobs.queue.getting() + jobs.queue.putting(), 0u);
    jobs.drain(SIZE_MAX);
    for (std::uint64_t left = jobs.queue.unfinished_tasks(); left > 0; --left) {
        jobs.queue.task_done();  // for those that nobody took; one too many throws
    }
    EXPECT_EQ(pool.waiting(), 0u);
    EXPECT_EQ(pool.running(), 0u);
    EXPECT_EQ(resources.leased() + resources.waiting(), 0u);
    EXPECT_EQ(static_cast<std::size_t>(things), resources.size());
}

inline Thing World::make_thing() {
    EXPECT_LT(things, 3);
    if (chance.one_in(3)) {
        yield();
    }
    if (chance.one_in(4)) {
        throw std::runtime_error("cannot be made");
    }
    return Thing(things);
}

template <class S>
bool World::rescue_stock(S& stock) {
    constexpr bool bounded = requires {
        stock.queue.capacity();
    };
    bool helped = false;
    EXPECT_TRUE(stock.queue.getting() == 0 || stock.queue.putting() == 0);
    if (stock.queue.getting() != 0) {
        if constexpr (bounded) {
            EXPECT_TRUE(stock.queue.empty()) << "somebody waits to get, and there are items";
        }
        Item item{std::make_unique<Load>(Load{SIZE_MAX - 1, ++operations})};
        const Load load = *item.load;
        stock.queue.put_nowait(std::move(item));
        stock.put += load;
        helped = true;
    } else if (stock.queue.putting() != 0) {
        if constexpr (bounded) {
            EXPECT_TRUE(stock.queue.full()) << "somebody waits to put, and there is room";
        }
        stock.took(SIZE_MAX, *stock.queue.try_get());
        helped = true;
    }
    return helped;
}

inline bool World::rescue() {
    EXPECT_EQ(pool.waiting(), 0u) << "somebody waits for a slot, and all jobs have ended";
    EXPECT_EQ(resources.waiting(), 0u) << "somebody waits for a resource, and nobody uses one";
    bool helped = false;
    for (const std::shared_ptr<Fifo>& each : all_queues) {
        helped |= rescue_stock(*each);
    }
    helped |= rescue_stock(lifo);
    helped |= rescue_stock(ranked);
    helped |= rescue_stock(jobs);
    helped |= rescue_stock(meeting);
    if (semaphore.waiting() != 0) {
        EXPECT_EQ(semaphore.available(), 0u);
        semaphore.release();
        ++added_permits;
        helped = true;
    }
    if (waits_for_event != 0) {
        EXPECT_FALSE(event.is_set());
        event.set();
        event.clear();
        helped = true;
    }
    if (waits_for_condition != 0) {
        condition.notify_all();
        helped = true;
    }
    if (waits_for_result != 0 && !result.ready()) {
        result.set(0);
        result = AsyncResult<int>();
        helped = true;
    }
    return helped;
}

}  // namespace tendril::stress
