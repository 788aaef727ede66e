// SPDX-License-Identifier: MIT
//
// ResourcePool in every order: never more than max; no slot is lost with a green thread that failed to make an object,
// was killed or came too late; and none waits while an object is idle.

#include <tendril/resource_pool.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "interleavings.hpp"

namespace tendril {
namespace {

using testing::explore;
using testing::Order;

// Objects that are counted while they live.
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

template <class F>
std::string ending(F f) {
    try {
        f();
        return "done";
    } catch (const TimeoutError&) {
        return "late";
    } catch (const Timeout::Expired&) {
        return "expired";
    } catch (const GreenletExit&) {
        return "killed";
    } catch (const std::runtime_error&) {
        return "failed";
    }
}

struct Scene {
    Order& order;
    int most;
    int alive = 0;
    int fail = 0;  // this many creations fail
    ResourcePool<Thing> pool;

    Scene(Order& o, int max)
        : order(o), most(max), pool([this] { return create(); }, {.max = static_cast<std::size_t>(max)}) {}

    Thing create() {
        order.pause();
        if (fail > 0) {
            --fail;
            throw std::runtime_error("cannot be made");
        }
        return Thing(alive);
    }
    void use(Deadline deadline = never, bool discard = false) {
        Lease<Thing> lease = pool.get(deadline);
        EXPECT_LE(alive, most);
        order.pause();
        if (discard) {
            lease.discard();
        }
    }
    void balance() {
        EXPECT_EQ(pool.leased(), 0u);
        EXPECT_EQ(pool.waiting(), 0u);
        EXPECT_EQ(pool.idle(), pool.size());
        EXPECT_EQ(static_cast<std::size_t>(alive), pool.size());
        EXPECT_EQ(pool.free(), pool.max());
    }
};

TEST(ModelResourcePool, UsersOneOfWhomIsKilled) {
    const auto explored = explore("resource pool: a user is killed, one is late", [](Order& order) {
        Scene scene(order, 1);
        std::string ends[2] = {"never began", ""};
        auto dies = order.go("dies", [&] { ends[0] = ending([&] { scene.use(); }); });
        order.go("timed", [&] { ends[1] = ending([&] { scene.use(order.at(1)); }); });
        order.go("user", [&] { scene.use(); });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        scene.balance();
        order.saw("dies: " + ends[0]);
        order.saw("timed: " + ends[1]);
    });
    explored.expect_outcomes("dies: done, dies: killed, dies: never began, timed: done, timed: late");
}

TEST(ModelResourcePool, CreationThatFails) {
    const auto explored = explore("resource pool: a creation fails, a lease is discarded", [](Order& order) {
        Scene scene(order, 1);
        scene.fail = 1;
        std::string ends[3];
        order.go("a", [&] { ends[0] = ending([&] { scene.use(); }); });
        order.go("discards", [&] { ends[1] = ending([&] { scene.use(never, true); }); });
        order.go("limited", [&] {
            ends[2] = ending([&] {
                Timeout limit(order.at(1));
                scene.use();
            });
        });
        order.go("tries", [&] { ending([&] { static_cast<void>(scene.pool.try_get()); }); });
        order.finish();
        scene.balance();
        for (const std::string& each : ends) {
            order.saw(each);
        }
    });
    explored.expect_outcomes("done, expired, failed");
}

TEST(ModelResourcePool, Resize) {
    explore("resource pool: resize up and down", [](Order& order) {
        Scene scene(order, 1);
        scene.most = 2;
        auto dies = order.go("dies", [&] { scene.use(); });
        order.go("user", [&] { scene.use(); });
        order.go("resizer", [&] {
            scene.pool.resize(2);
            order.pause();
            scene.pool.resize(1);
        });
        order.go("killer", [&] { dies.kill_nowait(); });
        order.finish();
        EXPECT_LE(scene.pool.size(), 1u);
        scene.balance();
    });
}

TEST(ModelResourcePool, DestroyedWhileOthersWait) {
    const auto explored = explore("resource pool: destroyed while others wait", [](Order& order) {
        int alive = 0;
        std::optional<ResourcePool<Thing>> pool(
            std::in_place, [&] { return Thing(alive); }, ResourceOptions<Thing>{.max = 1});
        Lease<Thing> mine = pool->get();
        std::string ends[2];
        const auto get = [&](std::string& end, Deadline deadline) {
            try {
                Lease<Thing> lease = pool->get(deadline);
                order.pause();
                end = "got";
            } catch (const std::logic_error&) {
                end = "told";
            } catch (const TimeoutError&) {
                end = "late";
            }
        };
        auto a = order.go("a", [&] { get(ends[0], order.at(1)); });
        auto b = order.go("b", [&] { get(ends[1], never); });
        order.go("destroys", [&] {
            while (!a.started() || !b.started()) {
                yield();
            }
            if (order.choose(2) != 0) {
                mine.give_back();
            }
            order.pause();
            pool.reset();
            order.pause();
            mine.give_back();
        });
        order.finish();
        EXPECT_EQ(alive, 0);
        order.saw(ends[0]);
        order.saw(ends[1]);
    });
    explored.expect_outcomes("got, late, told");
}

}  // namespace
}  // namespace tendril
