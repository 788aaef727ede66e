// SPDX-License-Identifier: MIT
//
// Worker: a green thread that does random things in a World, under random Timeouts and Shields, and survives most of
// the kills that come.

#pragma once

#include <mutex>
#include <stdexcept>
#include <string>

#include <tendril/shield.hpp>
#include <tendril/timeout.hpp>

#include "world.hpp"

namespace tendril::stress {

class Worker {
public:
    Worker(World& world, std::size_t number) : w_(world), chance_(world.chance), me_(number) {}

    void run(std::size_t operations) {
        for (std::size_t i = 0; i < operations; ++i) {
            try {
                w_.trace = w_.trace * 31 + me_;
                if (chance_.one_in(4)) {
                    pause();
                }
                with_limits();
            } catch (const GreenletExit&) {
                w_.trace = w_.trace * 31 + 1;
                if (chance_.one_in(10)) {
                    throw;
                }
            }
        }
    }

    void pause() { w_.pause(); }

private:
    void with_limits() {
        if (chance_.one_in(5)) {
            Timeout outer(w_.in(chance_.between(0, 80)));
            try {
                Timeout inner(w_.in(chance_.between(0, 80)));
                act(0);
            } catch (const Timeout::Expired& e) {
                w_.trace = w_.trace * 31 + (outer.threw(e) ? 2 : 3);
            }
        } else if (chance_.one_in(20)) {
            const Shield shield;
            act(0);
        } else {
            act(0);
        }
    }

    // holds: locks numbered below that must not be waited for.
    void act(std::size_t holds) {
        ++w_.operations;
        const std::size_t what = chance_.below(18);
        w_.trace = w_.trace * 31 + what;
        switch (what) {
        case 0:
        case 1:
        case 2:
        case 3:
            act_on_queue();
            break;
        case 4:
            act_on(w_.lifo);
            break;
        case 5:
            act_on(w_.ranked);
            break;
        case 6:
            act_on_jobs();
            break;
        case 7:
        case 8:
            act_on(w_.meeting);
            break;
        case 9:
            use_semaphore(holds);
            break;
        case 10:
            use_lock(holds);
            break;
        case 11:
            use_condition(holds);
            break;
        case 12:
            use_event_or_result();
            break;
        case 13:
            wait_for_any();
            break;
        case 14:
            have_children();
            break;
        case 15:
            kill_or_join_somebody();
            break;
        case 16:
            try {
                use_pool();
            } catch (const GreenletKilled&) {  // somebody killed all jobs
            }
            break;
        default:
            use_resource();
            break;
        }
    }

    // What may be done by a child that is waited for, whatever its parent holds.
    void act_without_locks() {
        switch (chance_.below(4)) {
        case 0:
            act_on_queue();
            break;
        case 1:
            act_on(w_.meeting);
            break;
        case 2:
            use_event_or_result();
            break;
        default:
            pause();
            break;
        }
    }

    template <class S>
    void put(S& stock, Deadline deadline) {
        Item item{std::make_unique<Load>(Load{me_, ++puts_})};
        const Load load = *item.load;
        try {
            stock.queue.put(std::move(item), deadline);
        } catch (...) {
            EXPECT_NE(item.load, nullptr) << "a put that failed has moved its argument";
            throw;
        }
        EXPECT_EQ(item.load, nullptr);
        stock.put += load;
    }

    template <class S>
    void act_on(S& stock) {
        try {
            switch (chance_.below(5)) {
            case 0:
            case 1:
                put(stock, w_.soon_or_never());
                break;
            case 2:
            case 3:
                stock.took(me_, stock.queue.get(w_.soon_or_never()));
                break;
            default:
                if (std::optional<Item> item = stock.queue.try_get()) {
                    stock.took(me_, *item);
                }
                break;
            }
        } catch (const Empty&) {
        } catch (const Full&) {
        } catch (const ShutDown&) {
            w_.trace = w_.trace * 31 + 4;
        }
    }

    void act_on_queue() {
        std::shared_ptr<World::Fifo>& slot = w_.queues[chance_.below(w_.queues.size())];
        const std::shared_ptr<World::Fifo> stock = slot;
        switch (chance_.below(40)) {
        case 0:
            stock->queue.resize(1 + chance_.below(6));
            break;
        case 1:
            slot = std::make_shared<World::Fifo>(1 + chance_.below(5));
            w_.all_queues.push_back(slot);
            if (chance_.one_in(2)) {
                stock->drain(me_);
                stock->drain(me_);
            }
            stock->queue.shutdown();
            break;
        case 2:
            try {
                static_cast<void>(stock->queue.peek(w_.in(chance_.between(0, 40))));
            } catch (const std::runtime_error&) {  // empty, or shut down
            }
            break;
        default:
            act_on(*stock);
            break;
        }
    }

    void act_on_jobs() {
        switch (chance_.below(6)) {
        case 0:
            static_cast<void>(w_.jobs.queue.join(w_.in(chance_.between(0, 60))));
            break;
        case 1:
        case 2:
            try {
                put(w_.jobs, w_.soon_or_never());
            } catch (const Full&) {
            }
            break;
        default:
            try {
                auto task = w_.jobs.queue.get_task(w_.soon_or_never());
                w_.jobs.took(me_, *task);
                pause();
            } catch (const Empty&) {
            }
            break;
        }
    }

    void use_semaphore(std::size_t holds) {
        if (!w_.semaphore.acquire(w_.soon_or_never())) {
            return;
        }
        const std::unique_lock guard(w_.semaphore, std::adopt_lock);
        ++w_.inside;
        const struct Leaves {
            std::size_t& inside;
            ~Leaves() { --inside; }
        } leaves{w_.inside};
        EXPECT_LE(w_.inside, World::permits + w_.added_permits);
        while_holding(holds);
    }

    void use_lock(std::size_t holds) {
        for (std::size_t i = holds; i < w_.locks.size(); ++i) {
            if (!chance_.one_in(2)) {
                continue;
            }
            if (!w_.locks[i].acquire(w_.soon_or_never())) {
                return;
            }
            const std::unique_lock guard(w_.locks[i], std::adopt_lock);
            EXPECT_FALSE(std::exchange(w_.locked[i], true));
            const struct Leaves {
                bool& locked;
                ~Leaves() { locked = false; }
            } leaves{w_.locked[i]};
            while_holding(i + 1);
            return;
        }
        if (w_.rlock.acquire(w_.in(chance_.between(0, 60)))) {
            const std::unique_lock outer(w_.rlock, std::adopt_lock);
            const std::unique_lock inner(w_.rlock);
            pause();
        }
    }

    void while_holding(std::size_t holds) {
        if (chance_.one_in(2)) {
            pause();
        } else if (depth_ < 3) {
            ++depth_;
            const struct Back {
                std::size_t& depth;
                ~Back() { --depth; }
            } back{depth_};
            act(holds);
        }
    }

    void use_condition(std::size_t holds) {
        if (holds > 0) {
            return;  // its lock has a lower number
        }
        if (chance_.one_in(2)) {
            chance_.one_in(2) ? w_.condition.notify_one() : w_.condition.notify_all();
            return;
        }
        const std::unique_lock guard(w_.guard);
        const Counted waits(w_.waits_for_condition);
        static_cast<void>(w_.condition.wait(w_.guard, w_.soon_or_never()));
        EXPECT_TRUE(w_.guard.held_by_me());
    }

    void use_event_or_result() {
        switch (chance_.below(6)) {
        case 0:
            w_.event.set();
            if (chance_.one_in(2)) {
                pause();
            }
            w_.event.clear();
            break;
        case 1:
            w_.result.set(1);
            w_.result = AsyncResult<int>();
            break;
        case 2:
        case 3: {
            const Counted waits(w_.waits_for_event);
            static_cast<void>(w_.event.wait(w_.soon_or_never()));
            break;
        }
        default: {
            const AsyncResult<int> result = w_.result;
            const Counted waits(w_.waits_for_result);
            try {
                EXPECT_GE(result.get(w_.soon_or_never()), 0);
            } catch (const TimeoutError&) {
            }
            break;
        }
        }
    }

    // In gathering.hpp.
    void wait_for_any();
    void have_children();
    void kill_or_join_somebody();
    void use_pool();
    void use_resource();

    struct Counted {
        std::size_t& count;
        explicit Counted(std::size_t& c) : count(c) { ++count; }
        Counted(const Counted&) = delete;
        Counted& operator=(const Counted&) = delete;
        ~Counted() { --count; }
    };

    World& w_;
    Chance& chance_;
    std::size_t me_;
    std::size_t puts_ = 0;
    std::size_t depth_ = 0;
    std::size_t children_ = 0;
};

}  // namespace tendril::stress

#include "gathering.hpp"
