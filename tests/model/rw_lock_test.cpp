// SPDX-License-Identifier: MIT
//
// RWLock in every order: a writer is alone, readers are with readers only, and no one waits for a lock that is free, or
// behind one that has left.

#include <tendril/rw_lock.hpp>

#include <gtest/gtest.h>

#include <mutex>
#include <shared_mutex>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "interleavings.hpp"

namespace tendril {
namespace {

using testing::explore;
using testing::Order;

struct Room {
    Order& order;
    RWLock lock = {};
    int readers = 0;
    int writers = 0;

    struct Inside {
        int& count;
        explicit Inside(int& c) : count(++c) {}
        Inside(const Inside&) = delete;
        Inside& operator=(const Inside&) = delete;
        ~Inside() { --count; }
    };

    bool read(Deadline deadline = never) {
        if (!lock.acquire_shared(deadline)) {
            return false;
        }
        const std::shared_lock guard(lock, std::adopt_lock);
        EXPECT_EQ(writers, 0);
        const Inside inside(readers);
        order.pause();
        return true;
    }
    bool write(Deadline deadline = never) {
        if (!lock.acquire(deadline)) {
            return false;
        }
        const std::unique_lock guard(lock, std::adopt_lock);
        EXPECT_EQ(writers + readers, 0);
        const Inside inside(writers);
        order.pause();
        return true;
    }
    void empty() {
        EXPECT_TRUE(lock.ready());
        EXPECT_EQ(lock.waiting(), 0u);
        EXPECT_EQ(readers + writers, 0);
    }
};

template <class F>
std::string ending(F f) {
    try {
        return f() ? "done" : "late";
    } catch (const Timeout::Expired&) {
        return "expired";
    } catch (const GreenletExit&) {
        return "killed";
    }
}

// A writer between readers: they must come in when it does not.
TEST(ModelRWLock, AWriterIsKilled) {
    const auto explored = explore("rwlock: a writer is killed", [](Order& order) {
        Room room{order};
        std::string end = "never began";
        order.go("reader", [&] { room.read(); });
        auto dies = order.go("dies", [&] { end = ending([&] { return room.write(); }); });
        order.go("other reader", [&] { room.read(); });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        room.empty();
        order.saw(end);
    });
    explored.expect_outcomes("done, killed, never began");
}

TEST(ModelRWLock, AReaderIsKilled) {
    const auto explored = explore("rwlock: a reader is killed", [](Order& order) {
        Room room{order};
        std::string end = "never began";
        order.go("writer", [&] { room.write(); });
        auto dies = order.go("dies", [&] { end = ending([&] { return room.read(); }); });
        order.go("other writer", [&] { room.write(); });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        room.empty();
        order.saw(end);
    });
    explored.expect_outcomes("done, killed, never began");
}

TEST(ModelRWLock, DeadlinesOfBothKinds) {
    const auto explored = explore("rwlock: deadline and Timeout", [](Order& order) {
        Room room{order};
        const bool write = order.choose(2) != 0;
        std::string ends[2];
        order.go("reader", [&] { room.read(); });
        order.go("timed",
                 [&] { ends[0] = ending([&] { return write ? room.write(order.at(1)) : room.read(order.at(1)); }); });
        order.go("limited", [&] {
            ends[1] = ending([&] {
                Timeout limit(order.at(2));
                return write ? room.read() : room.write();
            });
        });
        order.go("last", [&] { room.read(); });
        order.finish();
        room.empty();
        order.saw("timed: " + ends[0]);
        order.saw("limited: " + ends[1]);
    });
    explored.expect_outcomes("limited: done, limited: expired, timed: done, timed: late");
}

TEST(ModelRWLock, ADowngradeAndTries) {
    explore("rwlock: downgrade and tries", [](Order& order) {
        Room room{order};
        order.go("downgrades", [&] {
            room.lock.lock();
            order.pause();
            const std::shared_lock guard(room.lock, std::adopt_lock);
            room.lock.downgrade();
            EXPECT_EQ(room.writers, 0);
            const Room::Inside inside(room.readers);
            order.pause();
        });
        auto dies = order.go("dies", [&] { room.write(); });
        order.go("reader", [&] { room.read(); });
        order.go("tries", [&] {
            if (room.lock.try_lock()) {
                const std::unique_lock guard(room.lock, std::adopt_lock);
                EXPECT_EQ(room.readers + room.writers, 0);
            }
        });
        order.go("killer", [&] { dies.kill_nowait(); });
        order.finish();
        room.empty();
    });
}

}  // namespace
}  // namespace tendril
