// SPDX-License-Identifier: MIT
//
// The end of a hub with its OS thread, and of the process with its hubs.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/shield.hpp>

#include "at_end.hpp"
#include "context/sanitizer.hpp"

using namespace std::chrono_literals;

#ifdef TENDRIL_ASAN
// LeakSanitizer does not look at the stacks that exit() was not called on; so it must not look at all then.
static bool exits_in_a_green_thread = false;
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() {
    return exits_in_a_green_thread ? 1 : 0;
}
#endif

namespace tendril {
namespace {

// Appends a letter when it is destroyed, after some waiting.
struct Mark {
    std::string& log;
    char letter;
    int waits = 0;
    ~Mark() {
        for (int i = 0; i < waits; ++i) {
            sleep(1ms);
        }
        log += letter;
    }
};

TEST(HubEnd, UnwindsTheYoungestFirst) {
    std::string log;
    std::thread([&] {
        for (const char letter : {'a', 'b', 'c'}) {
            spawn_n([&log, letter] {
                const Mark mark{log, letter};
                sleep(never);
            });
        }
        yield();
    }).join();
    EXPECT_EQ(log, "cba");
}

TEST(HubEnd, OnesThatHaveNotBegunNeverDo) {
    std::string log;
    std::thread([&] {
        const auto mark = std::shared_ptr<Mark>(new Mark{log, 'x'});
        spawn_n([mark] { ADD_FAILURE() << "it ran"; });
        spawn_after(1h, [mark] { ADD_FAILURE() << "it ran"; });
    }).join();
    EXPECT_EQ(log, "x");
}

TEST(HubEnd, WaitsForDestructorsThatWaitAndForShields) {
    std::string log;
    std::thread([&] {
        spawn_n([&] {
            const Mark mark{log, 'a', 3};
            sleep(never);
        });
        spawn_n([&] {
            const Shield shield;
            sleep(2ms);
            log += 's';
        });
        yield();
    }).join();
    EXPECT_EQ(log.size(), 2u) << log;
}

TEST(HubEnd, KillsAgainWhatCatchesAKill) {
    int caught = 0;
    std::string log;
    std::thread([&] {
        spawn_n([&] {
            while (caught < 3) {
                try {
                    sleep(never);
                } catch (const GreenletExit&) {
                    ++caught;
                }
            }
            spawn_n([&] {
                const Mark mark{log, 'x'};
                sleep(never);
            });
        });
        yield();
    }).join();
    EXPECT_EQ(caught, 3);
    EXPECT_EQ(log, "x") << "also what was spawned in the end";
}

TEST(HubEnd, AbandonsAndReportsWhatWillNotEnd) {
    ::testing::internal::CaptureStderr();
    std::thread([] {
        const auto stubborn = [] {
            for (;;) {
                try {
                    sleep(never);
                } catch (const GreenletExit&) {
                }
            }
        };
        spawn({.name = "stubborn"}, stubborn);
        for (int i = 1; i < 50; ++i) {
            spawn_n(stubborn);
        }
        yield();
    }).join();
    const std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("the hub ends, but this one did not: green thread "), std::string::npos) << text;
    EXPECT_NE(text.find("\"stubborn\""), std::string::npos) << text;
    EXPECT_NE(text.find("hub_end_test.cpp:"), std::string::npos) << text;
    EXPECT_NE(text.find("but 30 more did not, the first of them: green thread "), std::string::npos) << text;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 21) << text;
}

// Longer than a grace, all of them together.
TEST(HubEnd, HasPatienceWithThoseThatAreGettingOn) {
    int cleaned = 0;
    std::thread([&] {
        for (int i = 0; i < 4; ++i) {
            spawn_n([&] {
                const testing::AtEnd end([&] {
                    const Shield shield;
                    std::this_thread::sleep_for(300ms);
                    yield();
                    ++cleaned;
                });
                sleep(never);
            });
        }
        yield();
    }).join();
    EXPECT_EQ(cleaned, 4);
}

TEST(HubEnd, DoesNotWaitForOneThatYieldsForever) {
    ::testing::internal::CaptureStderr();
    std::thread([] {
        spawn_n([] {
            const Shield shield;
            for (;;) {
                yield();
            }
        });
        yield();
    }).join();
    const std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("this one did not"), std::string::npos) << text;
}

// Made before the hub, these go after it.
struct Late {
    Greenlet<int> ended;
    Greenlet<void> unwound;
    AnyGreenlet main;
    bool* checked = nullptr;
    ~Late() {
        EXPECT_EQ(ended.get(), 7);
        EXPECT_TRUE(unwound.killed());
        EXPECT_THROW(unwound.get(), GreenletKilled);
        EXPECT_TRUE(unwound.kill());
        EXPECT_FALSE(unwound.cancel());
        EXPECT_TRUE(main.join()) << "it has ended, with its hub";
        EXPECT_THROW(sleep(1ms), std::logic_error);
        EXPECT_THROW(spawn([] {}), std::logic_error);
        *checked = true;
    }
};

TEST(HubEnd, HandlesOutliveIt) {
    bool checked = false;
    std::thread([&] {
        thread_local Late late;
        late.checked = &checked;
        late.ended = spawn([] { return 7; });
        late.ended.join();
        late.unwound = spawn([] { sleep(never); });
        late.main = current();
        yield();
    }).join();
    EXPECT_TRUE(checked);
}

void say(const char* text) {
    std::fputs(text, stderr);
}

struct Says {
    ~Says() { say("unwound\n"); }
};

TEST(HubEndDeathTest, TheProcessUnwindsThemWhenItsMainOneExits) {
    const auto run = [] {
        spawn_n([] {
            const Says says;
            sleep(never);
        });
        yield();
        std::exit(3);
    };
    EXPECT_EXIT(run(), ::testing::ExitedWithCode(3), "^unwound\n$");
}

TEST(HubEndDeathTest, ExitInAGreenThreadEndsTheProcessAtOnce) {
    const auto run = [] {
        spawn_n([] {
            const Says says;
#ifdef TENDRIL_ASAN
            exits_in_a_green_thread = true;
#endif
            std::exit(4);
        });
        sleep(never);
    };
    EXPECT_EXIT(run(), ::testing::ExitedWithCode(4), "^$");
}

TEST(HubEndDeathTest, AnUnhandledErrorNeverEndsTheProcess) {
    const auto run = [] {
        spawn_n([] { throw std::runtime_error("nobody cares"); });
        yield();
        std::exit(0);
    };
    EXPECT_EXIT(run(), ::testing::ExitedWithCode(0), "nobody cares");
}

}  // namespace
}  // namespace tendril
