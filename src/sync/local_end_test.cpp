// SPDX-License-Identifier: MIT
//
// Local: the end of its values, in every way in which a green thread and its hub can end.

#include <algorithm>
#include <any>
#include <optional>
#include <tendril/local.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <tendril/context.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>

#include "at_end.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::append;
using testing::AtEnd;

TENDRIL_TEST(LocalEnd, ValuesAreDestroyedTheYoungestFirst) {
    std::string log;
    const Local<AtEnd> a;
    const Local<AtEnd> b;
    const Local<AtEnd> c;
    spawn([&] {
        a.emplace(append(log, 'a'));
        b.emplace(append(log, 'b'));
        c.emplace(append(log, 'c'));
        b.reset();
        EXPECT_EQ(log, "b");
        a.emplace(append(log, 'A'));
        EXPECT_EQ(log, "ba");
        EXPECT_TRUE(a.has_value());
    }).get();
    EXPECT_EQ(log, "baAc") << "a value that replaced another is the youngest";
}

TENDRIL_TEST(LocalEnd, ValuesGoBeforeAnybodyHearsOfTheEnd) {
    std::string log;
    const Local<AtEnd> last;
    const auto g = spawn([&] {
        const AtEnd frame = append(log, 'f');
        last.emplace([&] {
            log += 'v';
            sleep(1ms);
            log += 'w';
        });
    });
    const Link link = g.link([&](const AnyGreenlet&) { log += 'l'; });
    EXPECT_TRUE(g.join());
    log += 'j';
    yield();
    EXPECT_EQ(log, "fvwlj");
}

TENDRIL_TEST(LocalEnd, TheDestructorRunsInItsGreenThread) {
    std::uint64_t in = 0;
    const Local<AtEnd> last;
    const auto g = spawn([&] { last.emplace([&] { in = current().id(); }); });
    g.get();
    EXPECT_EQ(in, g.id());
}

// Ends a green thread that has a value in each way; the value's destructor waits.
TENDRIL_TEST(LocalEnd, EveryKindOfEndDestroys) {
    std::string log;
    const Local<AtEnd> last;
    const auto set = [&](char letter) {
        last.emplace([&log, letter] {
            sleep(1ms);
            log += letter;
        });
    };
    spawn([&] { set('v'); }).get();
    EXPECT_THROW(spawn([&] {
                     set('e');
                     throw std::runtime_error("an error");
                 }).get(),
                 std::runtime_error);
    const auto killed = spawn([&] {
        set('k');
        sleep(never);
    });
    yield();
    killed.kill();
    spawn_n([&] { set('n'); });
    yield();
    sleep(2ms);
    while (log.size() < 4) {
        yield();
    }
    EXPECT_EQ(log, "vekn");
}

TENDRIL_TEST(LocalEnd, OneKilledBeforeItBeganDestroysWhatItsArgumentsMade) {
    std::string log;
    const Local<AtEnd> last;
    {
        const auto argument = std::make_shared<AtEnd>([&] { last.emplace(append(log, 'x')); });
        const auto g = spawn([argument] { ADD_FAILURE() << "it ran"; });
        const auto later = spawn_after(1h, [argument] { ADD_FAILURE() << "it ran"; });
        g.kill_nowait();
        later.cancel();
    }
    EXPECT_EQ(log, "");
    yield();
    EXPECT_EQ(log, "x");
    EXPECT_FALSE(last.has_value());
}

TENDRIL_TEST(LocalEnd, NothingInterruptsAWaitInTheDestructor) {
    const Local<AtEnd> last;
    bool whole = false;
    const auto g = spawn([&] {
        last.emplace([&] {
            current().kill();  // asks itself, even so
            sleep(2ms);
            yield();
            whole = true;
        });
    });
    yield();
    EXPECT_FALSE(g.ready());
    g.kill_nowait();
    g.kill_nowait(std::make_exception_ptr(std::runtime_error("not this either")));
    EXPECT_FALSE(g.kill(0s)) << "it still waits";
    EXPECT_TRUE(g.join());
    EXPECT_TRUE(whole);
    EXPECT_TRUE(g.successful()) << "its function had returned before";
}

TENDRIL_TEST(LocalEnd, NothingInterruptsAWaitInAResetEither) {
    const Local<AtEnd> last;
    std::string log;
    const auto g = spawn([&] {
        const auto slow = [&log](char letter) {
            return AtEnd([&log, letter] {
                sleep(1ms);
                log += letter;
            });
        };
        last.emplace(slow('a'));
        last.emplace(slow('b'));
        last.reset();
        log += 'c';
        yield();
        ADD_FAILURE() << "the kill comes at the next wait";
    });
    yield();
    g.kill();
    EXPECT_EQ(log, "abc");
    EXPECT_TRUE(g.killed());
}

TENDRIL_TEST(LocalEnd, ADestructorMayUseTheOlderOnesAndFindsItselfUnset) {
    std::string log;
    const Local<std::string> older;
    const Local<AtEnd> younger;
    const Local<AtEnd> other([&] { return append(log, 'o'); });
    spawn([&] {
        older = "old";
        younger.emplace([&] {
            EXPECT_FALSE(younger.has_value());
            EXPECT_THROW(*younger, std::logic_error);
            EXPECT_EQ(*older, "old");
            static_cast<void>(*other);
            yield();
            log += 'y';
        });
    }).get();
    EXPECT_EQ(log, "yo");
}

TENDRIL_TEST(LocalEnd, WhatADestructorMakesGoesNext) {
    std::string log;
    const Local<AtEnd> a;
    const Local<AtEnd> b;
    const Local<AtEnd> c;
    spawn([&] {
        a.emplace(append(log, 'a'));
        b.emplace([&] {
            log += 'b';
            c.emplace(append(log, 'c'));
            b.emplace(append(log, 'B'));
        });
    }).get();
    EXPECT_EQ(log, "bBca");
}

TENDRIL_TEST(LocalEnd, AfterAResetThereIsNoneWhateverTheDestructorMakes) {
    std::string log;
    const Local<AtEnd> a;
    a.emplace([&] { a.emplace(append(log, 'x')); });
    a.reset();
    EXPECT_EQ(log, "x");
    EXPECT_FALSE(a.has_value());
}

TENDRIL_TEST(LocalEnd, ADestructorMaySpawn) {
    const Local<AtEnd> last;
    Event ran;
    spawn([&] { last.emplace([&] { spawn_n([&] { ran.set(); }); }); }).get();
    EXPECT_TRUE(ran.wait(10s));
}

// The main green thread's and the callbacks' values go with the hub.
TEST(LocalEndThreads, TheHubsEndDestroysEveryValue) {
    std::string log;
    const Local<AtEnd> last;
    const Local<AtEnd> older([&] { return append(log, 'o'); });
    std::thread([&] {
        static_cast<void>(*older);
        last.emplace([&] {
            sleep(1ms);
            static_cast<void>(*older);
            log += 'm';
        });
        const auto g = spawn([] {});
        const Link link = g.link([&](const AnyGreenlet&) { last.emplace(append(log, 'c')); });
        g.join();
        yield();
        spawn_n([&] {
            last.emplace(append(log, 'g'));
            sleep(never);
        });
        yield();
        EXPECT_EQ(log, "");
    }).join();
    EXPECT_EQ(log.substr(0, 1), "g") << log;
    EXPECT_EQ(log.size(), 4u) << log;
    EXPECT_LT(log.find('m'), log.find('o')) << log;
}

TEST(LocalEndThreads, AnOsThreadWithoutGreenThreadsHasOneValue) {
    std::string log;
    const Local<AtEnd> last;
    std::thread([&] {
        EXPECT_FALSE(last.has_value());
        last.emplace(append(log, 'x'));
    }).join();
    EXPECT_EQ(log, "x");
}

// What the values of a hub's main and callback green threads make while they go, goes too: LeakSanitizer sees what
// stays.
TEST(LocalEndThreads, WhatAValueMakesWhileItsHubEndsGoesToo) {
    std::string log;
    const Local<AtEnd> last;
    const Local<AtEnd> other;
    std::thread([&] {
        const auto g = spawn([] {});
        const Link link = g.link([&](const AnyGreenlet&) {
            last.emplace([&] {
                log += 'c';
                other.emplace(append(log, 'o'));
            });
        });
        g.join();
        yield();
        last.emplace([&] {
            log += 'm';
            spawn([held = std::make_shared<AtEnd>(append(log, 's'))] {});
        });
    }).join();
    for (const char each : {'c', 'o', 'm', 's'}) {
        EXPECT_EQ(std::count(log.begin(), log.end(), each), 1) << each << " in " << log;
    }
}

TEST(LocalEndThreads, AKillOfTheMainOneDoesNotReachAValueThatWaitsAtItsEnd) {
    bool whole = false;
    const Local<AtEnd> last;
    std::thread([&] {
        last.emplace([&] {
            spawn_n([main = current()] { main.kill_nowait(); });
            sleep(1ms);
            whole = true;
        });
    }).join();
    EXPECT_TRUE(whole);
}

TENDRIL_TEST(LocalEnd, ARawContextThatIsUnwoundAtTheEndMaySetOne) {
    std::string log;
    const Local<AtEnd> other;
    spawn([&] {
        auto root = current_context();
        static thread_local std::optional<Context> kept;
        kept.emplace([&, root](const std::any&) mutable {
            const AtEnd end([&] { other.emplace(append(log, 'o')); });
            root.switch_to();
            return std::any();
        });
        kept->switch_to();
    }).get();
    EXPECT_EQ(log, "o");
}

}  // namespace
}  // namespace tendril
