// SPDX-License-Identifier: MIT
//
// Queue in every order: no item is lost or doubled, each putter's items keep their order, a put that failed has not
// moved its argument, and no getter waits forever while there is an item for it (which finish() sees).

#include <tendril/queue.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
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

// Records what went into a queue and what came out: 10, 11... are one putter's items, 20, 21... another's, and those
// from 90 on the rescuer's.
struct Books {
    Order& order;
    std::vector<int> put = {};  // put() returned
    std::vector<int> got = {};
    int helped = 0;

    template <class Q>
    void putter(Q& queue, int first, int items, Deadline deadline = never) {
        for (int i = first; i < first + items; ++i) {
            if (i != first) {
                order.pause();
            }
            Item item = std::make_unique<int>(i);
            try {
                queue.put(std::move(item), deadline);
                put.push_back(i);
            } catch (...) {
                EXPECT_TRUE(item != nullptr && *item == i) << "a put that failed has moved its argument";
                throw;
            }
            EXPECT_EQ(item, nullptr);
        }
    }
    template <class Q>
    void getter(Q& queue, int items, Deadline deadline = never) {
        std::vector<int> mine;
        for (int i = 0; i < items; ++i) {
            if (i != 0) {
                order.pause();
            }
            mine.push_back(*queue.get(deadline));
            got.push_back(mine.back());
            for (const int from : {10, 20, 30}) {
                const std::vector<int> his = of(from, mine);
                EXPECT_TRUE(std::is_sorted(his.begin(), his.end())) << "one putter's items came in another order";
            }
        }
    }

    // For finish(): checks that the waiters are right to wait, and serves one.
    template <class Q>
    bool rescue(Q& queue) {
        if (queue.getting() != 0) {
            EXPECT_TRUE(queue.empty()) << "a getter waits, and there are items";
            EXPECT_EQ(queue.putting(), 0u);
            queue.put(std::make_unique<int>(90 + helped));
            put.push_back(90 + helped++);
            return true;
        }
        if (queue.putting() != 0) {
            EXPECT_GE(queue.size(), queue.capacity()) << "a putter waits, and there is room";
            got.push_back(*queue.get_nowait());
            return true;
        }
        return false;
    }

    // After the end: every item put was got, or is still there.
    template <class Q>
    void balance(Q& queue) {
        while (std::optional<Item> item = queue.try_get()) {
            got.push_back(**item);
        }
        std::sort(put.begin(), put.end());
        std::sort(got.begin(), got.end());
        EXPECT_EQ(put, got);
        EXPECT_EQ(queue.getting() + queue.putting(), 0u);
    }
    static std::vector<int> of(int putter, const std::vector<int>& items) {
        std::vector<int> his;
        std::copy_if(items.begin(), items.end(), std::back_inserter(his), [&](int i) { return i / 10 == putter / 10; });
        return his;
    }
};

// Runs f. Returns: how it ended.
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

TEST(ModelQueue, TwoPuttersAndTwoGetters) {
    explore("queue: two putters, two getters", [](Order& order) {
        Queue<Item> queue(1);
        Books books{order};
        order.go("a", [&] { books.putter(queue, 10, 3); });
        order.go("b", [&] { books.putter(queue, 20, 1); });
        order.go("getter", [&] { books.getter(queue, 2); });
        order.go("other getter", [&] { books.getter(queue, 2); });
        order.finish();
        EXPECT_EQ(books.got.size(), 4u);
        books.balance(queue);
    });
}

TEST(ModelQueue, AGetterIsKilled) {
    const auto explored = explore("queue: a getter is killed", [](Order& order) {
        Queue<Item> queue(1);
        Books books{order};
        std::string end = "never began";
        auto dies = order.go("dies", [&] { end = ending([&] { books.getter(queue, 1); }); });
        order.go("getter", [&] { books.getter(queue, 1); });
        order.go("putter", [&] { books.putter(queue, 10, 2); });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        order.saw(end);
        EXPECT_EQ(books.got.size(), end == "done" ? 2u : 1u);
        books.balance(queue);
    });
    explored.expect_outcomes("done, killed, never began");
}

TEST(ModelQueue, APutterIsKilled) {
    const auto explored = explore("queue: a putter is killed", [](Order& order) {
        Queue<Item> queue(1);
        Books books{order};
        std::string end = "never began";
        auto dies = order.go("dies", [&] { end = ending([&] { books.putter(queue, 10, 2); }); });
        order.go("putter", [&] { books.putter(queue, 20, 2); });
        order.go("getter", [&] { books.getter(queue, 2); });
        order.go("killer", [&] { dies.kill(); });
        order.finish([&] { return books.rescue(queue); });
        order.saw(end);
        books.balance(queue);
    });
    explored.expect_outcomes("done, killed, never began");
}

TEST(ModelQueue, DeadlinesOnBothSides) {
    const auto explored = explore("queue: deadlines on both sides", [](Order& order) {
        Queue<Item> queue(1);
        Books books{order};
        const int first = static_cast<int>(order.choose(2));
        std::string put_end;
        std::string get_end;
        order.go("timed putter", [&] { put_end = ending([&] { books.putter(queue, 10, 2, order.at(1 + first)); }); });
        order.go("putter", [&] { books.putter(queue, 20, 1); });
        order.go("timed getter", [&] { get_end = ending([&] { books.getter(queue, 2, order.at(2 - first)); }); });
        order.go("getter", [&] { books.getter(queue, 1); });
        order.finish([&] { return books.rescue(queue); });
        order.saw("put " + put_end);
        order.saw("get " + get_end);
        books.balance(queue);
    });
    explored.expect_outcomes("get done, get empty, put done, put full");
}

TEST(ModelQueue, ATimeoutAndAKillOfOneGetter) {
    const auto explored = explore("queue: a Timeout and a kill of one getter", [](Order& order) {
        Queue<Item> queue(1);
        Books books{order};
        std::string end = "never began";
        auto dies = order.go("dies", [&] {
            end = ending([&] {
                Timeout limit(order.at(2));
                books.getter(queue, 1, order.at(1 + 2 * static_cast<int>(order.choose(2))));
            });
        });
        order.go("getter", [&] { books.getter(queue, 1); });
        order.go("putter", [&] { books.putter(queue, 10, 2); });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        order.saw(end);
        EXPECT_EQ(books.got.size(), end == "done" ? 2u : 1u);
        books.balance(queue);
    });
    explored.expect_outcomes("done, empty, expired, killed, never began");
}

TEST(ModelQueue, ATimeoutAndAKillOfOnePutter) {
    const auto explored = explore("queue: a Timeout and a kill of one putter", [](Order& order) {
        Queue<Item> queue(1);
        Books books{order};
        books.putter(queue, 10, 1);
        std::string end = "never began";
        auto dies = order.go("dies", [&] {
            end = ending([&] {
                Timeout limit(order.at(1));
                books.putter(queue, 20, 1);
            });
        });
        order.go("putter", [&] { books.putter(queue, 30, 1); });
        order.go("getter", [&] { books.getter(queue, 2); });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        order.saw(end);
        EXPECT_EQ(books.got.size(), 2u);
        EXPECT_EQ(books.put.size(), end == "done" ? 3u : 2u);
        books.balance(queue);
    });
    explored.expect_outcomes("done, expired, killed, never began");
}

TEST(ModelQueue, Resize) {
    explore("queue: resize", [](Order& order) {
        Queue<Item> queue(1);
        Books books{order};
        order.go("a", [&] { books.putter(queue, 10, 2); });
        order.go("b", [&] { books.putter(queue, 20, 1); });
        auto dies = order.go("dies", [&] { books.putter(queue, 30, 1); });
        order.go("resizer", [&] {
            queue.resize(4);
            yield();
            queue.resize(2);
            dies.kill_nowait();
        });
        order.go("getter", [&] { books.getter(queue, 2); });
        order.finish([&] { return books.rescue(queue); });
        EXPECT_LE(queue.size(), 2u);
        books.balance(queue);
    });
}

TEST(ModelQueue, ShutdownThatDrains) {
    const auto explored = explore("queue: shutdown that drains", [](Order& order) {
        Queue<Item> queue(1);
        Books books{order};
        std::string ends[2];
        order.go("a", [&] { ends[0] = ending([&] { books.putter(queue, 10, 2); }); });
        order.go("b", [&] { ends[1] = ending([&] { books.putter(queue, 20, 1); }); });
        order.go("getter", [&] { EXPECT_EQ(ending([&] { books.getter(queue, 4); }), "shut down"); });
        order.go("other getter", [&] { EXPECT_EQ(ending([&] { books.getter(queue, 4); }), "shut down"); });
        order.go("closer", [&] { queue.shutdown(); });
        order.finish();
        EXPECT_TRUE(queue.empty());
        books.balance(queue);
        order.saw(ends[0] + " and " + ends[1]);
    });
    explored.expect_outcomes("done and done, done and shut down, shut down and done, shut down and shut down");
}

TEST(ModelQueue, ShutdownThatDrops) {
    const auto explored = explore("queue: shutdown that drops", [](Order& order) {
        Queue<Item> queue(2);
        Books books{order};
        std::string ends[2];
        auto dies = order.go("dies", [&] { ending([&] { books.putter(queue, 20, 1); }); });  // of what came first
        order.go("putter", [&] { ends[0] = ending([&] { books.putter(queue, 10, 3); }); });
        order.go("getter", [&] { ends[1] = ending([&] { books.getter(queue, 1); }); });
        std::size_t dropped = 0;
        order.go("closer", [&] {
            dropped = queue.size();
            queue.shutdown(true);
            dies.kill_nowait();
        });
        order.finish();
        EXPECT_EQ(books.got.size() + dropped, books.put.size());
        EXPECT_EQ(queue.getting() + queue.putting() + queue.size(), 0u);
        order.saw(ends[0] + " and " + ends[1]);
    });
    explored.expect_outcomes("done and done, shut down and done, shut down and shut down");
}

TEST(ModelQueue, Peek) {
    const auto explored = explore("queue: peek", [](Order& order) {
        Queue<Item> queue(1);
        Books books{order};
        std::string end = "never began";
        auto dies = order.go("dies", [&] { end = ending([&] { static_cast<void>(queue.peek(order.at(1))); }); });
        order.go("peeker", [&] { EXPECT_GE(*queue.peek(), 10); });
        order.go("getter", [&] { books.getter(queue, 1); });
        order.go("putter", [&] { books.putter(queue, 10, 2); });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        order.saw(end);
        books.balance(queue);
    });
    explored.expect_outcomes("done, empty, killed, never began");
}

TEST(ModelQueue, TryAndWaitMixed) {
    explore("queue: calls that do not wait among those that do", [](Order& order) {
        Queue<Item> queue(1);
        Books books{order};
        order.go("tries to put", [&] {
            Item item = std::make_unique<int>(10);
            if (queue.try_put(std::move(item))) {
                books.put.push_back(10);
            } else {
                EXPECT_NE(item, nullptr);
            }
        });
        order.go("tries to get", [&] {
            if (std::optional<Item> item = queue.try_get()) {
                books.got.push_back(**item);
            }
        });
        order.go("putter", [&] { ending([&] { books.putter(queue, 20, 1, order.at(1)); }); });
        order.go("getter", [&] { ending([&] { books.getter(queue, 1, order.at(2)); }); });
        order.go("another", [&] { books.putter(queue, 30, 1); });
        order.go("last getter", [&] { books.getter(queue, 1); });
        order.finish([&] { return books.rescue(queue); });
        books.balance(queue);
    });
}

}  // namespace
}  // namespace tendril
