// SPDX-License-Identifier: MIT

#include <tendril/file_watch.hpp>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/timeout.hpp>
#include <tendril/wait.hpp>

#include "folder.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(FileWatch, WaitsForAFileToAppearChangeAndDisappear) {
    const testing::TemporaryFolder folder;
    FileWatch watch(folder.path("a"));
    EXPECT_FALSE(watch.current().exists);
    auto waits = spawn([&] { return watch.wait(); });
    testing::until_keeping_alive(1);
    folder.write("a", "one");
    const StatChange appeared = waits.get();
    EXPECT_FALSE(appeared.previous.exists);
    EXPECT_TRUE(appeared.current.exists);
    while (watch.current().size != 3) {
        watch.wait(10s);
    }
    watch.take();
    folder.write("a", "three");
    while (watch.wait(10s).current.size != 5) {
    }
    std::filesystem::remove(folder.path("a"));
    while (watch.wait(10s).current.exists) {
    }
}

TENDRIL_TEST(FileWatch, KeepsWhatChangesBetweenTwoCalls) {
    const testing::TemporaryFolder folder;
    folder.write("a", "1");
    FileWatch watch(folder.path("a"));
    folder.write("a", "22");
    while (!watch.ready()) {
        sleep(100us);
    }
    folder.write("a", "333");
    while (watch.current().size != 3) {
        sleep(100us);
    }
    const StatChange change = watch.wait(0s);
    EXPECT_EQ(change.previous.size, 1u) << "merged into one, from the first to the last";
    EXPECT_EQ(change.current.size, 3u);
    EXPECT_FALSE(watch.take().has_value());
}

TENDRIL_TEST(FileWatch, ADeadlineOrAKillTakesNothing) {
    const testing::TemporaryFolder folder;
    FileWatch watch(folder.path("a"));
    try {
        watch.wait(1ms);
        ADD_FAILURE();
    } catch (const TimeoutError& e) {
        EXPECT_NE(std::string(e.what()).find("for a change of '" + folder.path("a") + "'"), std::string::npos);
    }
    EXPECT_FALSE(with_timeout(1ms, [&] { watch.wait(1h); }));
    auto killed = spawn([&] { watch.wait(); });
    testing::until_keeping_alive(1);
    folder.write("a", "one");
    EXPECT_TRUE(killed.kill());
    EXPECT_TRUE(watch.wait(10s).current.exists);
    EXPECT_EQ(Hub::current().stats().keeping_alive, 0u);
}

TENDRIL_TEST(FileWatch, IsWaitableAndMovable) {
    const testing::TemporaryFolder folder;
    FileWatch watch(folder.path("a"));
    FileWatch moved(std::move(watch));
    EXPECT_THROW(watch.wait(), std::logic_error);
    EXPECT_EQ(wait({&moved}, 1ms).size(), 0u);
    folder.write("a", "one");
    EXPECT_EQ(wait({&moved}, 10s).size(), 1u);
    EXPECT_TRUE(moved.take().has_value());
    EXPECT_THROW(FileWatch(""), std::invalid_argument);
}

TENDRIL_TEST(FileWatch, WaitFileChangeIsForOneChange) {
    const testing::TemporaryFolder folder;
    auto waits = spawn([&] { return wait_file_change(folder.path("a")); });
    testing::until_keeping_alive(1);
    folder.write("a", "one");
    EXPECT_TRUE(waits.get().current.exists);
    EXPECT_THROW(wait_file_change(folder.path("b"), 1ms), TimeoutError);
}

// Woken with the first one, which took the change.
TENDRIL_TEST(FileWatch, DestroyedWhileAnotherWaitsItSaysSo) {
    const testing::TemporaryFolder folder;
    auto watch = std::make_unique<FileWatch>(folder.path("a"));
    const auto first = spawn([&] {
        watch->wait();
        watch.reset();
    });
    const auto second = spawn([&] { EXPECT_THROW(watch->wait(), std::logic_error); });
    yield();
    folder.write("a", "one");
    first.join();
    second.join();
}

}  // namespace
}  // namespace tendril
