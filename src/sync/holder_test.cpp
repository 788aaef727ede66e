// SPDX-License-Identifier: MIT
//
// A LoopExit and a dump say who has what a green thread waits for.

#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include <tendril/dump.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/lock.hpp>
#include <tendril/semaphore.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

std::string dump_text() {
    std::ostringstream text;
    dump(text, {.backtraces = false});
    return text.str();
}

TENDRIL_TEST(Holder, OfALockAndAnRLock) {
    Lock lock;
    RLock again;
    const auto holder = spawn({.name = "holder"}, [&] {
        const std::scoped_lock both(lock, again);
        sleep(1h);
    });
    const int line = __LINE__ - 4;
    yield();
    const auto one = spawn([&] { lock.lock(); });
    const auto two = spawn([&] { again.lock(); });
    yield();
    const std::string text = dump_text();
    const std::string who = " waits in Lock::acquire, held by green thread " + std::to_string(holder.id()) +
                            " \"holder\" (spawned at " + __FILE__ + ":" + std::to_string(line) + ")";
    EXPECT_NE(text.find("green thread " + std::to_string(one.id()) + who), std::string::npos) << text;
    EXPECT_NE(text.find("green thread " + std::to_string(two.id()) + who), std::string::npos) << text;
    kill_all({one, two, holder});
}

TENDRIL_TEST(Holder, ThatHasEnded) {
    Lock lock;
    const auto holder = spawn([&] { lock.lock(); });
    holder.join();
    const auto waiter = spawn([&] { lock.lock(); });
    yield();
    const std::string text = dump_text();
    EXPECT_NE(text.find("held by green thread " + std::to_string(holder.id()) + ", which has ended"), std::string::npos)
        << text;
    waiter.kill();
}

TENDRIL_TEST(Holder, OfASemaphoresLastPermit) {
    Semaphore semaphore(2);
    const auto take = [&] {
        semaphore.acquire();
        sleep(1h);
    };
    const auto first = spawn(take);
    const auto second = spawn(take);
    const auto third = spawn(take);
    const auto fourth = spawn(take);
    yield();
    const auto text_of = [](const AnyGreenlet& g) {
        return " waits in Semaphore::acquire, last taken by green thread " + std::to_string(g.id());
    };
    std::string text = dump_text();
    EXPECT_NE(text.find(text_of(second)), std::string::npos) << text;
    semaphore.release();  // to the third
    yield();
    text = dump_text();
    EXPECT_NE(text.find(text_of(third)), std::string::npos) << text;
    kill_all({first, second, third, fourth});
}

}  // namespace
}  // namespace tendril
