// SPDX-License-Identifier: MIT
//
// Over which ranges wait() and iwait() go.

#include <tendril/wait.hpp>

#include <array>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tendril/async_result.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/lock.hpp>
#include <tendril/semaphore.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using Events = std::vector<Event*>;

static_assert(Waitable<AnyGreenlet> && Waitable<Greenlet<int>> && Waitable<AsyncResult<void>> && Waitable<Event>);
static_assert(Waitable<Semaphore> && Waitable<BoundedSemaphore> && Waitable<Lock> && Waitable<AnyWaitable>);
static_assert(!Waitable<int> && !Waitable<Event*>);
static_assert(std::ranges::input_range<IWait<Events>> && std::ranges::input_range<IWait<const std::list<Event>>>);
static_assert(std::is_same_v<decltype(wait(std::declval<Events&>())), Events>);
static_assert(std::is_constructible_v<AnyWaitable, const Event&> && !std::is_constructible_v<AnyWaitable, Event>,
              "a reference to a temporary would dangle");
static_assert(!std::is_constructible_v<AnyWaitable, AsyncResult<int>>);
static_assert(!std::is_constructible_v<AnyWaitable, const AsyncResult<int>>);

// The positions in `all` of what a range gave.
template <class Given>
std::string letters(const Given& given, const std::vector<Event>& all) {
    std::string text;
    for (const Event* each : given) {
        text += static_cast<char>('a' + (each - all.data()));
    }
    return text;
}

TENDRIL_TEST(WaitRanges, WalksRangesOfManyKinds) {
    std::vector<Event> all(3);
    all[1].set();
    spawn_n([&] {
        all[2].set();
        all[0].set();
    });

    Events vector{&all[0], &all[1], &all[2]};
    std::string order;
    for (Event*& each : iwait(vector)) {
        order += letters(Events{each}, all);
    }
    EXPECT_EQ(order, "bca");

    order.clear();
    for (Event& each : iwait(all)) {
        order += letters(Events{&each}, all);
    }
    EXPECT_EQ(order, "abc") << "those that are ready come first, as they stand";
    const std::span<Event> span(all);
    for (const Event& each : iwait(span)) {
        order += letters(std::vector{&each}, all);
    }
    const std::list<const Event*> list{&all[2]};
    for (const Event* const& each : iwait(list)) {
        order += letters(std::vector{each}, all);
    }
    const std::initializer_list<Event*> initializers{&all[1], &all[1]};
    for (const Event* each : iwait(initializers)) {
        order += letters(std::vector{each}, all);
    }
    EXPECT_EQ(order, "abcabccbb");

    Event raw[2];
    raw[0].set();
    raw[1].set();
    int seen = 0;
    for (Event& each : iwait(raw)) {
        seen += each.is_set() ? 1 : 0;
    }
    EXPECT_EQ(seen, 2);

    std::array<std::unique_ptr<Event>, 2> owned{std::make_unique<Event>(), std::make_unique<Event>()};
    owned[1]->set();
    for (std::unique_ptr<Event>& each : iwait(owned)) {
        EXPECT_EQ(each, owned[1]);
        break;
    }
}

TENDRIL_TEST(WaitRanges, TakesHandlesAndPointersInBraces) {
    Event event;
    const AsyncResult<int> result;
    result.set(1);
    const auto ready = wait({AnyWaitable(event), AnyWaitable(result)}, 1ms);
    ASSERT_EQ(ready.size(), 1u);
    EXPECT_TRUE(ready[0].is(result) && !ready[0].is(event));

    Event other;
    other.set();
    EXPECT_EQ(wait({&event, &other}, never, 1), Events{&other});
    const auto g = spawn([] { return 2; });
    EXPECT_EQ(wait({g, g}).size(), 2u);
}

// A range that makes its elements, as a view that transforms does.
struct Makes {
    struct Iterator {
        using value_type = Greenlet<int>;
        using difference_type = std::ptrdiff_t;
        int i = 0;
        Greenlet<int> operator*() const {
            return spawn([n = i] { return n; });
        }
        Iterator& operator++() {
            ++i;
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.i == 3; }
    };
    Iterator begin() const { return {}; }
    std::default_sentinel_t end() const { return {}; }
};

// A range that shows its elements one by one in the same place, as one that reads a stream does.
struct Shows : Makes {
    struct Iterator {
        using value_type = Greenlet<int>;
        using difference_type = std::ptrdiff_t;
        Greenlet<int>* place;
        int i = 0;
        Greenlet<int>& operator*() const { return *place; }
        Iterator& operator++() {
            *place = spawn([n = ++i] { return n; });
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.i == 3; }
    };
    Greenlet<int> place;
    Iterator begin() {
        place = spawn([] { return 0; });
        return {&place};
    }
};

template <class Range>
void expect_all_of(Range range) {
    std::string order;
    for (const Greenlet<int>& each : iwait(range)) {
        order += std::to_string(each.get());
    }
    EXPECT_EQ(order, "012");
    EXPECT_EQ(wait(range).size(), 3u);
}

TENDRIL_TEST(WaitRanges, CopiesWhatDoesNotStayInItsPlace) {
    expect_all_of(Makes());
    expect_all_of(Shows());
}

}  // namespace
}  // namespace tendril
