// SPDX-License-Identifier: MIT

#include <tendril/greenlet.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(Greenlet, ReturnsWhatItsFunctionReturns) {
    EXPECT_EQ(spawn([](int a, int b) { return a + b; }, 2, 3).get(), 5);
    auto moved = spawn([](std::unique_ptr<int> p) { return p; }, std::make_unique<int>(7)).get();
    EXPECT_EQ(*moved, 7);
    static int target = 1;
    auto reference = spawn([]() -> int& { return target; });
    EXPECT_EQ(&reference.get(), &target);
}

TENDRIL_TEST(Greenlet, NeverRunsInline) {
    std::vector<int> order;
    auto g = spawn([&] { order.push_back(2); });
    order.push_back(1);
    g.join();
    EXPECT_EQ(order, (std::vector{1, 2}));
}

TENDRIL_TEST(Greenlet, RecordsWhereItWasSpawned) {
    auto g = spawn([] {});
    const int line = __LINE__ - 1;
    EXPECT_EQ(g.where().line, line);
    EXPECT_NE(std::string(g.where().file).find("greenlet_test.cpp"), std::string::npos);
    auto named = spawn({.name = "a name"}, [] {});
    EXPECT_EQ(named.where().line, __LINE__ - 1);
    EXPECT_EQ(named.name(), "a name");
    join_all(std::vector<AnyGreenlet>{g, named});
}

TENDRIL_TEST(Greenlet, SpawnNKeepsItsName) {
    std::string name;
    spawn_n({.name = "nobody asks"}, [&] { name = current().name(); });
    yield();
    EXPECT_EQ(name, "nobody asks");
}

TENDRIL_TEST(Greenlet, AnEmptyHandleIsHarmless) {
    const AnyGreenlet none;
    EXPECT_FALSE(none || none.started() || none.ready() || none.successful() || none.killed());
    EXPECT_EQ(none.id(), 0u);
    EXPECT_EQ(none.name(), "");
    EXPECT_THROW(none.join(), std::logic_error);
    EXPECT_THROW(none.kill(), std::logic_error);
}

// A range whose elements exist only while they are looked at. (Clang 14 cannot compile libstdc++'s views.)
struct ByValue {
    struct Iterator {
        using value_type = Greenlet<int>;
        using difference_type = std::ptrdiff_t;
        const Greenlet<int>* at = nullptr;
        Greenlet<int> operator*() const { return *at; }
        Iterator& operator++() {
            ++at;
            return *this;
        }
        void operator++(int) { ++at; }
        friend bool operator==(Iterator, Iterator) = default;
    };
    const std::vector<Greenlet<int>>& all;
    Iterator begin() const { return {all.data()}; }
    Iterator end() const { return {all.data() + all.size()}; }
};

TENDRIL_TEST(Greenlet, JoinAllTakesWhateverYieldsHandles) {
    const std::vector<Greenlet<int>> all{spawn([] { return 1; }), spawn([] { return 2; })};
    EXPECT_EQ(join_all(ByValue{all}), 2u);
    EXPECT_TRUE(all[0].ready() && all[1].ready());
    auto other = spawn([] {});
    EXPECT_EQ(join_all({all[0], other}), 2u);
    EXPECT_EQ(kill_all({all[0], other}), 0u);
}

TENDRIL_TEST(Greenlet, KillAllOfOneselfToo) {
    auto suicide = spawn([] {
        std::vector<AnyGreenlet> both{spawn([] { sleep(never); }), current()};
        yield();
        auto changes = spawn([&] { both.clear(); });
        kill_all(both);
        ADD_FAILURE() << "it should have been thrown here";
    });
    suicide.join();
    EXPECT_TRUE(suicide.killed());
}

TENDRIL_TEST(Greenlet, ErrnoBelongsToTheGreenThread) {
    errno = 5;
    auto other = spawn([] {
        EXPECT_EQ(errno, 0);
        errno = 7;
        yield();
        EXPECT_EQ(errno, 7);
    });
    yield();
    EXPECT_EQ(errno, 5);
    other.join();
}

}  // namespace
}  // namespace tendril
