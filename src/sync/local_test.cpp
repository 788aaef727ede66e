// SPDX-License-Identifier: MIT
//
// Local: its values and their making. Their ends are in local_end_test.cpp.

#include <tendril/local.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tendril/context.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/spawn_hook.hpp>
#include <tendril/timeout.hpp>

#include "at_end.hpp"
#include "context/sanitizer.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::append;
using testing::AtEnd;

struct Fixed {  // neither copied nor moved
    int n;
    explicit Fixed(int number) : n(number) {}
    Fixed(const Fixed&) = delete;
    Fixed& operator=(const Fixed&) = delete;
};

template <class E, class F>
std::string what_of(F f) {
    try {
        f();
    } catch (const E& e) {
        return e.what();
    }
    return "nothing was thrown";
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TENDRIL_TEST(Local, EachGreenThreadHasItsOwnValue) {
    const Local<int> number;
    std::vector<Greenlet<int>> all;
    for (int i = 0; i < 10; ++i) {
        all.push_back(spawn([&number, i] {
            EXPECT_FALSE(number.has_value());
            number = i;
            yield();
            EXPECT_EQ(*number, i);
            *number += 100;
            yield();
            return *number;
        }));
    }
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(all[static_cast<std::size_t>(i)].get(), 100 + i);
    }
    EXPECT_EQ(number.get_if(), nullptr);
}

TENDRIL_TEST(Local, WhatIsSpawnedInheritsNothing) {
    const Local<int> number;
    number = 5;
    spawn([&] { EXPECT_FALSE(number.has_value()); }).get();
    spawn_after(0s, [&] { EXPECT_FALSE(number.has_value()); }).get();
    EXPECT_EQ(*number, 5);
}

TENDRIL_TEST(Local, SetsAndMakesAndResets) {
    const Local<std::string> text;
    text = "one";
    std::string& reference = *text;
    text = std::string("two");
    EXPECT_EQ(reference, "two") << "assigned to, not replaced";
    EXPECT_EQ(text->size(), 3u);
    EXPECT_EQ(text.get_if(), &reference);
    EXPECT_EQ(text.emplace(2u, 'x'), "xx");
    text.reset();
    EXPECT_FALSE(text.has_value());
    text.reset();
    EXPECT_EQ(text.emplace(), "");
}

TENDRIL_TEST(Local, HoldsWhatCannotBeCopiedMovedOrAssigned) {
    const Local<Fixed> fixed([] { return Fixed(7); });
    EXPECT_EQ(fixed->n, 7);
    EXPECT_EQ(fixed.emplace(8).n, 8);
    const Local<std::unique_ptr<int>> owner;
    owner = std::make_unique<int>(9);
    EXPECT_EQ(**owner, 9);
    struct Constant {
        const int n;
    };
    const Local<Constant> constant;
    constant = Constant{1};
    constant = Constant{2};  // replaces
    EXPECT_EQ(constant->n, 2);
    struct alignas(256) Wide {
        int n = 3;
    };
    const Local<Wide> wide([] { return Wide(); });
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(wide.get_if() ? wide.get_if() : &*wide) % 256, 0u);
    struct Large {
        char bytes[10000] = {};
    };
    const Local<Large> large([] { return Large(); });
    large->bytes[9999] = 1;
}

TENDRIL_TEST(Local, SaysWhoseValueIsMissingAndWhatToDo) {
    const Local<int> number;
    const auto g = spawn({.name = "reader"}, [&] { return what_of<std::logic_error>([&] { *number = 1; }); });
    const std::string text = g.get();
    EXPECT_TRUE(contains(text, "local_test.cpp:")) << text;
    EXPECT_TRUE(contains(text, "green thread " + std::to_string(g.id()) + " \"reader\"")) << text;
    for (const char* advice : {"set it", "initialiser", "has_value()", "get_if()"}) {
        EXPECT_TRUE(contains(text, advice)) << text;
    }
}

TENDRIL_TEST(Local, TwoLocalsAreNeverMixedUpAlsoWhenOneTakesTheOthersPlace) {
    for (int i = 0; i < 100; ++i) {
        const Local<int> first;
        const Local<int> second;
        EXPECT_FALSE(first.has_value()) << "the address may be an earlier one's, the value must not";
        EXPECT_FALSE(second.has_value());
        first = i;
        second = -i;
        EXPECT_EQ(*first, i);
        EXPECT_EQ(*second, -i);
    }
}

TENDRIL_TEST(Local, ItsValuesOutliveItUntilTheirGreenThreadsEnd) {
    std::string log;
    const auto g = spawn([&] {
        std::make_unique<Local<AtEnd>>()->emplace(append(log, 'x'));
        yield();
        EXPECT_EQ(log, "");
    });
    g.get();
    EXPECT_EQ(log, "x");
}

TENDRIL_TEST(Local, TheInitialiserRunsOnceInEachGreenThreadAtItsFirstUse) {
    int made = 0;
    const Local<int> number([&] { return ++made; });
    EXPECT_FALSE(number.has_value());
    EXPECT_EQ(number.get_if(), nullptr);
    EXPECT_EQ(made, 0);
    EXPECT_EQ(*number, 1);
    EXPECT_EQ(*number, 1);
    spawn([&] { EXPECT_EQ(*number, 2); }).get();
    spawn([&] {
        number = 50;
        EXPECT_EQ(*number, 50);
    }).get();
    number.reset();
    EXPECT_EQ(*number, 3) << "the first use after a reset makes it again";
    const Local<int>::Initialiser none;
    EXPECT_THROW(Local<int>{none}, std::invalid_argument);
}

TENDRIL_TEST(Local, InitialisersMayWaitSideBySide) {
    int made = 0;
    const Local<int> number([&] {
        const int mine = ++made;
        sleep(1ms);
        return mine;
    });
    const auto a = spawn([&] { return *number; });
    const auto b = spawn([&] { return *number; });
    EXPECT_EQ(a.get(), 1);
    EXPECT_EQ(b.get(), 2);
}

TENDRIL_TEST(Local, AnInitialiserThatThrowsLeavesNoValueAndIsCalledAgain) {
    int calls = 0;
    const Local<std::string> text([&]() -> std::string {
        if (++calls < 3) {
            throw std::runtime_error("not yet");
        }
        return "made";
    });
    EXPECT_THROW(*text, std::runtime_error);
    EXPECT_FALSE(text.has_value());
    EXPECT_THROW(text->size(), std::runtime_error);
    EXPECT_EQ(*text, "made");
    EXPECT_EQ(calls, 3);
}

TENDRIL_TEST(Local, AKillOrTimeoutInTheInitialiserLeavesNoValue) {
    int begun = 0;
    const Local<int> number([&] {
        if (++begun < 3) {
            sleep(never);
        }
        return begun;
    });
    const auto g = spawn([&] {
        try {
            static_cast<void>(*number);
        } catch (const GreenletExit&) {
            EXPECT_FALSE(number.has_value());
        }
        EXPECT_FALSE(with_timeout(0s, [&] { return *number; }).has_value());
        EXPECT_FALSE(number.has_value());
        return *number;
    });
    yield();
    g.kill_nowait();
    EXPECT_EQ(g.get(), 3);
}

TENDRIL_TEST(Local, AnInitialiserThatUsesItsOwnLocalIsRefused) {
    std::function<int()> what_it_does;
    const Local<int> number([&] { return what_it_does(); });
    what_it_does = [&] { return *number + 1; };
    const std::string text = what_of<std::logic_error>([&] { *number = 1; });
    EXPECT_TRUE(contains(text, "used by its own initialiser")) << text;
    EXPECT_TRUE(contains(text, "green thread " + std::to_string(current().id()))) << text;
    what_it_does = [&] { return number = 1, 1; };
    EXPECT_THROW(*number, std::logic_error);
    what_it_does = [&] { return number.emplace(1); };
    EXPECT_THROW(*number, std::logic_error);
    what_it_does = [&] {
        EXPECT_FALSE(number.has_value());
        number.reset();
        return spawn([&] {
                   number = 3;
                   return *number;
               })
            .get();
    };
    EXPECT_EQ(*number, 3) << "another green thread's value is another";
}

TENDRIL_TEST(Local, WhatAnInitialiserUsesIsOlder) {
    std::string log;
    const Local<AtEnd> used([&] { return append(log, 'u'); });
    const Local<AtEnd> user([&] {
        static_cast<void>(*used);
        return append(log, 'x');
    });
    spawn([&] { static_cast<void>(*user); }).get();
    EXPECT_EQ(log, "xu");
}

TENDRIL_TEST(Local, AMakingThatThrowsReplacesNothing) {
    struct Picky {
        explicit Picky(int number) : n(number) {
            if (number < 0) {
                throw std::out_of_range("negative");
            }
        }
        int n;
    };
    const Local<Picky> picky;
    EXPECT_THROW(picky.emplace(-1), std::out_of_range);
    EXPECT_FALSE(picky.has_value());
    picky.emplace(4);
    EXPECT_THROW(picky.emplace(-1), std::out_of_range);
    EXPECT_EQ(picky->n, 4);
}

TENDRIL_TEST(Local, CallbacksShareTheHubsValues) {
    const Local<int> number([] { return 0; });
    *number = 100;
    std::vector<int> seen;
    const auto g = spawn([&] { number = 50; });
    const auto count = [&](const AnyGreenlet&) { seen.push_back(++*number); };
    const Link first = g.link(count);
    const Link second = g.link(count);
    g.get();
    yield();
    EXPECT_EQ(seen, (std::vector{1, 2}));
    EXPECT_EQ(*number, 100);
}

TENDRIL_TEST(Local, ASpawnHookSeesTheSpawnersValues) {
    const Local<int> number;
    number = 3;
    int seen = 0;
    const SpawnHook hook([&](const AnyGreenlet&) { seen = *number; });
    spawn([] {}).join();
    EXPECT_EQ(seen, 3);
}

TENDRIL_TEST(Local, RawContextsUseTheValuesOfTheirGreenThread) {
    const Local<int> number;
    number = 3;
    Context context([&](const std::any&) { return std::any(++*number); });
    EXPECT_EQ(std::any_cast<int>(context.switch_to()), 4);
    EXPECT_EQ(*number, 4);
}

// The initialiser's frame lies in a context that is left suspended: also when it is unwound after the values.
TENDRIL_TEST(Local, AnInitialiserThatIsLeftSuspendedMakesNoValue) {
    std::string log;
    const ContextRef* back = nullptr;
    const Local<int> number([&] {
        const AtEnd unwound = append(log, 'u');
        back->switch_to();
        return 1;
    });
    const Local<AtEnd> other;
    const auto leave_suspended = [&] {
        const ContextRef root = current_context();
        back = &root;
        Context context([&](const std::any&) { return std::any(*number); });
        context.switch_to();
        EXPECT_FALSE(number.has_value());
        EXPECT_THROW(*number, std::logic_error) << "it is being made";
        return context;
    };
    static_cast<void>(leave_suspended());
    EXPECT_EQ(log, "u");
    Context unwound_at_the_end;
    spawn([&] {
        unwound_at_the_end = leave_suspended();
        other.emplace(append(log, 'o'));
    }).get();
    EXPECT_TRUE(unwound_at_the_end.dead());
    EXPECT_EQ(log.size(), 3u) << log;
}

#if !defined(TENDRIL_ASAN) && !defined(TENDRIL_TSAN)

TENDRIL_TEST(Local, NewGreenThreadsTakeTheirValuesFromTheCache) {
    const Local<int> number([] { return 1; });
    const int* where = nullptr;
    spawn([&] { where = &*number; }).get();
    for (int i = 0; i < 3; ++i) {
        spawn([&] { EXPECT_EQ(&*number, where); }).get();
    }
}

#endif

TEST(LocalThreads, OneLocalServesManyHubs) {
    std::atomic<int> made = 0;
    std::atomic<int> gone = 0;
    struct Counted {
        std::atomic<int>* ends;
        int n;
        Counted(std::atomic<int>* e, int number) : ends(e), n(number) {}
        Counted(const Counted&) = delete;
        Counted& operator=(const Counted&) = delete;
        ~Counted() { ++*ends; }
    };
    const Local<Counted> counted([&] { return Counted(&gone, ++made); });
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 50; ++i) {
                spawn([&] {
                    const int mine = counted->n;
                    const Local<int> another;
                    another = mine;
                    yield();
                    EXPECT_EQ(counted->n, mine);
                    EXPECT_EQ(*another, mine);
                });
            }
            yield();
            yield();
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(made, 200);
    EXPECT_EQ(gone, 200);
}

}  // namespace
}  // namespace tendril
