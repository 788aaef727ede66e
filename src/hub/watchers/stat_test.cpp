// SPDX-License-Identifier: MIT

#include <tendril/watchers.hpp>

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "base/sys.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

struct Folder {
    std::string path = "/tmp/tendril-stat-XXXXXX";
    Folder() { EXPECT_NE(::mkdtemp(path.data()), nullptr); }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string file(const std::string& name) const { return path + '/' + name; }
};

void write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::app) << text;
}

// A Stat whose changes are kept.
struct Changes {
    std::vector<StatChange> all;
    Stat stat;
    explicit Changes(const std::string& path, StatOptions options = {.interval = std::chrono::hours(1)})
        : stat(
              path, [this](const StatChange& change) { all.push_back(change); }, options) {}

    StatChange next() {
        while (all.empty()) {
            sleep(1ms);
        }
        const StatChange first = all.front();
        all.erase(all.begin());
        return first;
    }
};

// TC13, by the kernel's word: the interval is an hour
TENDRIL_TEST(Stat, TellsOfAWriteWithTheAttributesBeforeAndAfter) {
    const Folder folder;
    const std::string file = folder.file("a");
    write(file, "one");
    Changes changes(file);
    EXPECT_EQ(changes.stat.current().size, 3u);
    sleep(2ms);
    EXPECT_TRUE(changes.all.empty()) << "nothing has changed";
    write(file, "two");
    StatChange last = changes.next();
    EXPECT_EQ(last.previous.size, 3u);
    while (last.current.size != 6u) {  // the opening may be told apart
        last = changes.next();
    }
    EXPECT_EQ(last.current.inode, changes.stat.current().inode);
}

// TC13
TENDRIL_TEST(Stat, TellsOfComingAndGoing) {
    const Folder folder;
    const std::string file = folder.file("a");
    Changes changes(file);
    EXPECT_FALSE(changes.stat.current().exists);
    for (int i = 0; i < 3; ++i) {
        write(file, "");
        StatChange change = changes.next();
        EXPECT_FALSE(change.previous.exists);
        EXPECT_TRUE(change.current.exists);
        std::filesystem::remove(file);
        while ((change = changes.next()).current.exists) {
        }
        EXPECT_TRUE(change.previous.exists);
        EXPECT_EQ(change.current, FileAttributes());
    }
}

TENDRIL_TEST(Stat, TellsOfAnotherFileThatTakesTheNameAndThenOfItsChanges) {
    const Folder folder;
    const std::string file = folder.file("a");
    write(file, "old");
    Changes changes(file);
    for (const std::string text : {"longer", "the longest"}) {
        write(folder.file("b"), text);
        std::filesystem::rename(folder.file("b"), file);
        StatChange change = changes.next();
        EXPECT_NE(change.previous.inode, change.current.inode);
        EXPECT_EQ(change.current.size, text.size());
        write(file, "!");
        while (changes.stat.current().size != text.size() + 1) {
            sleep(1ms);
        }
        changes.all.clear();
    }
}

TENDRIL_TEST(Stat, TellsOfPermissionsButNotOfItsNeighbours) {
    const Folder folder;
    const std::string file = folder.file("a");
    write(file, "");
    Changes changes(file);
    write(folder.file("b"), "b");
    write(folder.file("ab"), "b");
    sleep(2ms);
    EXPECT_TRUE(changes.all.empty());
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    EXPECT_EQ(changes.next().current.mode & 0777u, 0400u);
}

TENDRIL_TEST(Stat, SeveralWatchTheSameFileByOneDescriptor) {
    const Folder folder;
    const std::string file = folder.file("a");
    write(file, "");
    const std::size_t before = testing::count_descriptors();
    {
        Changes first(file);
        const std::size_t with_one = testing::count_descriptors();
        EXPECT_EQ(with_one, before + 1);
        {
            Changes second(file);
            Changes third(folder.file("b"));
            Changes whole(folder.path);
            EXPECT_EQ(testing::count_descriptors(), with_one);
            write(file, "x");
            first.next();
            second.next();
            write(folder.file("b"), "");
            EXPECT_TRUE(third.next().current.exists);
            whole.next();
        }
        first.all.clear();
        write(file, "y");
        first.next();
    }
    EXPECT_EQ(testing::count_descriptors(), before);
}

TENDRIL_TEST(Stat, StopsAndStarts) {
    const Folder folder;
    const std::string file = folder.file("a");
    Changes changes(file);
    changes.stat.stop();
    write(file, "x");
    sleep(2ms);
    EXPECT_TRUE(changes.all.empty());
    changes.stat.start();
    EXPECT_TRUE(changes.stat.current().exists) << "what it saw at its start";
    std::filesystem::remove(file);
    while (changes.next().current.exists) {
    }
}

TENDRIL_TEST(Stat, LooksByItselfWhileTheDirectoryDoesNotExist) {
    const Folder folder;
    const std::string directory = folder.file("later");
    Changes changes(directory + "/a", {.interval = 1ms});
    std::filesystem::create_directory(directory);
    write(directory + "/a", "x");
    EXPECT_TRUE(changes.next().current.exists);
    std::filesystem::remove_all(directory);
    while (changes.next().current.exists) {
    }
}

TENDRIL_TEST(Stat, LooksByItselfForLinks) {
    const Folder folder;
    const std::string link = folder.file("link");
    std::filesystem::create_symlink(folder.path + "/target", link);
    Changes changes(link, {.interval = 1ms});
    EXPECT_FALSE(changes.stat.current().exists);
    write(folder.file("target"), "x");
    EXPECT_TRUE(changes.next().current.exists);
}

sys::Call failing;
int failure;

TENDRIL_TEST(Stat, LooksByItselfWhereInotifyIsRefused) {
    const Folder folder;
    const std::string file = folder.file("a");
    for (const auto& [call, error] : {std::pair(sys::Call::inotify, EMFILE), std::pair(sys::Call::inotify, ENOSYS),
                                      std::pair(sys::Call::inotify_add, ENOSPC)}) {
        failing = call;
        failure = error;
        sys::set_fault_hook([](sys::Call which, int) noexcept -> sys::Fault { return which == failing ? failure : 0; });
        Changes changes(file, {.interval = 1ms});
        write(file, "x");
        EXPECT_TRUE(changes.next().current.exists);
        std::filesystem::remove(file);
        while (changes.next().current.exists) {
        }
        sys::set_fault_hook(nullptr);
    }
}

// Other threads write faster than it reads, until the kernel's queue overflows: it must end up with what is there.
TENDRIL_TEST(StatThreads, AFloodOfEventsLosesNothing) {
    const Folder folder;
    const std::string file = folder.file("a");
    write(file, "");
    Changes changes(file);
    Changes other(folder.file("b"));
    std::thread writer([&] {
        for (int i = 0; i < 20'000; ++i) {
            std::filesystem::permissions(file, i % 2 == 0 ? std::filesystem::perms::owner_read
                                                          : std::filesystem::perms::owner_all);
            std::filesystem::permissions(folder.path, std::filesystem::perms::owner_all);
        }
        write(folder.file("b"), "x");
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
        write(file, "end");
    });
    writer.join();  // the hub reads nothing meanwhile
    while (changes.stat.current().size != 3 || !other.stat.current().exists) {
        sleep(1ms);
    }
}

TENDRIL_TEST(Stat, WithoutRefItKeepsNothingAlive) {
    const Folder folder;
    Changes unref(folder.file("a"), {.interval = 1ms, .ref = false});
    EXPECT_TRUE(Hub::current().run_until_idle());
    unref.stat.set_ref(true);
    EXPECT_FALSE(Hub::current().run_until_idle(1ms));
}

TENDRIL_TEST(Stat, RefusesWhatCannotBe) {
    const auto nothing = [](const StatChange&) {};
    EXPECT_THROW(Stat("", nothing), std::invalid_argument);
    EXPECT_THROW(Stat("/tmp", nullptr), std::invalid_argument);
    EXPECT_THROW(Stat("/tmp", nothing, {.interval = 0ns}), std::invalid_argument);
}

}  // namespace
}  // namespace tendril
