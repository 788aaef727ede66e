// SPDX-License-Identifier: MIT
//
// kill_all() with an error of the caller's choice, and without waiting.

#include <stdexcept>
#include <vector>

#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

struct Stop : std::runtime_error {
    Stop() : std::runtime_error("stop") {}
};

struct Sleepers {
    int stopped = 0;
    std::vector<Greenlet<void>> all;
    Sleepers() {
        for (int i = 0; i < 3; ++i) {
            all.push_back(spawn([this] {
                try {
                    sleep(never);
                } catch (const Stop&) {
                    ++stopped;
                }
            }));
        }
        yield();
    }
};

TENDRIL_TEST(KillAll, ThrowsTheErrorOfTheCaller) {
    Sleepers sleepers;
    EXPECT_EQ(kill_all(sleepers.all, std::make_exception_ptr(Stop())), 0u);
    EXPECT_EQ(sleepers.stopped, 3);
    EXPECT_TRUE(sleepers.all[0].successful());
    auto endless = spawn([] {
        for (;;) {
            try {
                sleep(never);
            } catch (const Stop&) {
            }
        }
    });
    yield();
    EXPECT_EQ(kill_all({endless}, std::make_exception_ptr(Stop()), 1ms), 1u) << "it lives on";
    EXPECT_EQ(kill_all({endless}, nullptr, 1s), 0u);
    EXPECT_TRUE(endless.killed());
}

TENDRIL_TEST(KillAll, NowaitReturnsBeforeTheirEnds) {
    Sleepers sleepers;
    kill_all_nowait(sleepers.all, std::make_exception_ptr(Stop()));
    EXPECT_EQ(sleepers.stopped, 0);
    EXPECT_EQ(join_all(sleepers.all), 3u);
    EXPECT_EQ(sleepers.stopped, 3);

    Sleepers others;
    kill_all_nowait(others.all);
    EXPECT_FALSE(others.all[0].ready());
    join_all(others.all);
    EXPECT_TRUE(others.all[2].killed());
    kill_all_nowait(std::vector<AnyGreenlet>());
    EXPECT_THROW(kill_all_nowait(std::vector<AnyGreenlet>(1)), std::logic_error);
}

TENDRIL_TEST(KillAll, NowaitKillsTheCallerLast) {
    bool went_on = false;
    auto other = spawn([] { sleep(never); });
    auto caller = spawn([&] {
        kill_all_nowait({current(), other});
        went_on = true;
    });
    caller.join();
    EXPECT_TRUE(caller.killed());
    other.join();
    EXPECT_TRUE(other.killed());
    EXPECT_FALSE(went_on);
}

}  // namespace
}  // namespace tendril
