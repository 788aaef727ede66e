// SPDX-License-Identifier: MIT
//
// explore(): runs a scenario again and again, each time with its green threads in another order, until no order is
// left. At every switch it chooses the green thread that runs next, and whether the next deadline comes now; it walks
// the tree of choices depth first. The objects are the real ones; only the order is artificial.
//
//     explore("a getter that is killed", [](Order& order) {
//         Queue<int> queue;
//         auto getter = order.go("getter", [&] { queue.get(); });
//         order.go("putter", [&] { queue.put(1); });
//         order.go("killer", [&] { getter.kill_nowait(); });
//         order.finish();
//         order.saw(getter.killed() ? "killed" : "got");
//         EXPECT_EQ(queue.size(), getter.killed() ? 1u : 0u);
//     });
//
// A scenario must do the same whenever the same is chosen: no clock, no chance, no sleeping except until order.at(n).
// Declare its objects before the first go(), and check them after finish(), which must be called; nothing may throw in
// between. If an order fails, its choices are printed, and TENDRIL_REPLAY="name: choices" runs that order alone,
// printing at each choice which green thread runs next. What is explored and what is not:
// docs/design/0005-every-interleaving.md.

#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/greenlet.hpp>

namespace tendril::testing {

class Tree;

// One order of events, while it is run.
class Order {
public:
    explicit Order(Tree& tree, std::map<std::string, std::size_t, std::less<>>& seen) : tree_(tree), seen_(seen) {}
    Order(const Order&) = delete;
    Order& operator=(const Order&) = delete;

    // Spawns a green thread of the scenario. An exception that leaves it (except GreenletExit) is a failure.
    template <class F>
    auto go(std::string_view name, F f) {
        auto greenlet = spawn({.name = name}, std::move(f));
        members_.push_back(greenlet);
        return greenlet;
    }

    // A choice of the scenario's own. Returns: each number below `of`, in different runs.
    std::size_t choose(std::size_t of);

    // Lets others run, or not; yield() alone always lets another run first.
    void pause() {
        if (choose(2) != 0) {
            yield();
        }
    }

    // Returns the n-th deadline of the scenario (n > 0): it comes after those with smaller n, otherwise at any time.
    Deadline at(int n) const;

    // Lets all green threads run to their ends. If they cannot, because all that are left wait and no deadline is to
    // come, rescue() checks that this is right, and helps one of them. If it returns false, or is empty, throws an
    // error that explore() reports: a lost wake-up. Waits after finish() still have their order chosen.
    void finish(const std::function<bool()>& rescue = nullptr);

    // Notes that this outcome came in this order; see Explored::seen.
    void saw(std::string_view outcome);

private:
    Tree& tree_;
    std::map<std::string, std::size_t, std::less<>>& seen_;
    std::vector<AnyGreenlet> members_;
};

struct Explored {
    std::size_t runs = 0;                                  // orders run
    std::size_t deepest = 0;                               // the most choices in one
    std::map<std::string, std::size_t, std::less<>> seen;  // how often saw() was called with each outcome
    std::string failure;                                   // of the last order; empty: none
    std::vector<std::size_t> choices;                      // of the last order

    bool replayed = false;  // one order only

    // Fails unless exactly these were seen: "a, b", in alphabetic order. Does nothing if a single order was replayed.
    void expect_outcomes(std::string_view outcomes) const;
};

struct Limits {
    std::size_t runs = 1'000'000;         // more orders than this are a failure, unless `bounded`
    bool bounded = false;                 // accepts that not all orders are run
    std::string_view may_be_unhandled{};  // an error that may go to the hub's handler
};

// Runs all orders, until one fails. Does not report the failure: for tests of explore() itself.
Explored try_every_order(std::string_view name, const std::function<void(Order&)>& scenario, const Limits& limits = {});

// The same in a test: reports a failure, and prints how many orders there were.
Explored explore(std::string_view name, const std::function<void(Order&)>& scenario, const Limits& limits = {});

}  // namespace tendril::testing
