// SPDX-License-Identifier: MIT

#include <tendril/process.hpp>

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/timeout.hpp>
#include <tendril/wait.hpp>

#include "base/sys.hpp"
#include "children.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;
using testing::no_child_left;

std::string said(const std::vector<std::string>& argv, PopenOptions options = {}) {
    options.out = PIPE;
    return Popen(argv, options).communicate().out;
}

TENDRIL_TEST(Popen, GivesTheStatusOrTheSignal) {
    EXPECT_EQ(Popen(shell("exit 0")).wait(), 0);
    EXPECT_EQ(Popen(shell("exit 255")).wait(), 255);
    Popen killed({"sleep", "100"});
    EXPECT_GT(killed.pid(), 0);
    EXPECT_FALSE(killed.poll().has_value());
    EXPECT_FALSE(killed.returncode().has_value());
    killed.terminate();
    EXPECT_EQ(killed.wait(), -SIGTERM);
    EXPECT_EQ(killed.wait(), -SIGTERM) << "again and again";
    EXPECT_EQ(killed.poll(), -SIGTERM);
    EXPECT_EQ(killed.returncode(), -SIGTERM);
    killed.kill();  // does nothing: it has ended
    killed.send_signal(SIGHUP);
    EXPECT_TRUE(no_child_left());
}

TENDRIL_TEST(Popen, WaitingSuspendsTheGreenThreadOnly) {
    Popen child(shell("read line"), {.in = PIPE});
    auto waiting = spawn([&] { return child.wait(); });
    auto other = spawn([&] { return child.wait(); });
    yield();
    EXPECT_FALSE(waiting.ready());
    EXPECT_THROW(child.wait(1ms), TimeoutError);
    EXPECT_FALSE(with_timeout(1ms, [&] { child.wait(1h); })) << "the outer one is the one that expired";
    auto killed = spawn([&] { child.wait(); });
    testing::until_keeping_alive(3);
    EXPECT_TRUE(killed.kill());
    child.stdin_().close();
    EXPECT_EQ(waiting.get(), 1);
    EXPECT_EQ(other.get(), 1);
}

// AddressSanitizer sees what the second one would look at.
TENDRIL_TEST(Popen, TheFirstThatHasWaitedMayDestroyIt) {
    auto child = std::make_unique<Popen>(shell("read line; exit 3"), PopenOptions{.in = PIPE});
    const auto first = spawn([&] {
        EXPECT_EQ(child->wait(), 3);
        child.reset();
    });
    const auto second = spawn([&] { return child->wait(); });
    yield();
    child->stdin_().close();
    first.join();
    EXPECT_EQ(second.get(), 3);
    EXPECT_EQ(child, nullptr);
}

TENDRIL_TEST(Popen, IsWaitableWithOthers) {
    std::vector<Popen> children;
    for (int i = 0; i < 3; ++i) {
        children.emplace_back(shell("read line; exit " + std::to_string(i)), PopenOptions{.in = PIPE});
    }
    children[1].stdin_().close();
    std::vector<int> order;
    for (Popen& child : iwait(children)) {
        order.push_back(child.wait());
        children[order.size() == 1 ? 2 : 0].stdin_().close();
    }
    EXPECT_EQ(order, (std::vector{1, 2, 0}));
    EXPECT_EQ(wait({&children[0], &children[1]}).size(), 2u) << "ready already";
    Popen lives({"sleep", "100"});
    EXPECT_EQ(wait({&lives}, 1ms).size(), 0u);
    lives.kill();
    EXPECT_EQ(wait({&lives}).size(), 1u);
    EXPECT_EQ(lives.wait(), -SIGKILL);
}

TENDRIL_TEST(Popen, PutsTheStreamsWhereTheyShallBe) {
    EXPECT_EQ(said({"cat"}, {.in = DEVNULL}), "");
    EXPECT_EQ(said(shell("echo out; echo err >&2"), {.err = STDOUT}), "out\nerr\n");
    EXPECT_EQ(said(shell("echo out; echo err >&2"), {.err = DEVNULL}), "out\n");

    int ends[2];
    ASSERT_EQ(sys::pipe(ends, 0), 0);
    PipeReader reader{Fd(ends[0])};
    {
        const Fd writing(ends[1]);
        EXPECT_EQ(Popen(shell("echo one; echo two >&2"), {.out = writing.get(), .err = writing.get()}).wait(), 0);
    }
    std::string got(16, '\0');
    got.resize(reader.recv_exactly(got));
    EXPECT_EQ(got, "one\ntwo\n");

    // Crosswise: the child's 1 is our 2, and its 2 is our 1.
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(Popen(shell("echo out; echo err >&2"), {.out = 2, .err = 1}).wait(), 0);
    EXPECT_EQ(::testing::internal::GetCapturedStdout(), "err\n");
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "out\n");
}

TENDRIL_TEST(Popen, GivesTheEnvironmentAndTheDirectory) {
    EXPECT_EQ(said({"/usr/bin/env"}, {.env = Environment{{"A", "1"}, {"B", ""}}}), "A=1\nB=\n");
    EXPECT_EQ(said({"/usr/bin/env"}, {.env = Environment{{"A", "1"}}, .add_env = {{"A", "2"}}}), "A=2\n");
    EXPECT_EQ(said(shell("echo $HOME,$TENDRIL_X"), {.add_env = {{"HOME", "/h"}, {"TENDRIL_X", "x y"}}}), "/h,x y\n");
    EXPECT_EQ(environment().at("PATH"), std::getenv("PATH"));
    EXPECT_EQ(said({"pwd"}, {.cwd = "/usr"}), "/usr\n");

    // The child's PATH is searched, relative to the child's directory.
    const std::filesystem::path dir = std::filesystem::temp_directory_path() / "tendril-popen-test";
    std::filesystem::create_directories(dir / "bin");
    std::ofstream(dir / "bin/prog") << "#!/bin/sh\necho $0\n";
    std::filesystem::permissions(dir / "bin/prog", std::filesystem::perms::owner_all);
    EXPECT_EQ(errno_of([] { Popen({"prog"}); }), ENOENT);
    const std::string bin = (dir / "bin").string();
    EXPECT_EQ(said({"prog"}, {.add_env = {{"PATH", "/nowhere:" + bin}}}), bin + "/prog\n");
    EXPECT_EQ(said({"prog"}, {.cwd = dir, .add_env = {{"PATH", "bin:/bin"}}}), "bin/prog\n");
    EXPECT_EQ(said({"bin/prog"}, {.cwd = dir}), "bin/prog\n");
    std::filesystem::permissions(dir / "bin/prog", std::filesystem::perms::owner_read);
    EXPECT_EQ(errno_of([&] { Popen({"bin/prog"}, {.cwd = dir}); }), EACCES);
    std::filesystem::remove_all(dir);
}

TENDRIL_TEST(Popen, StartsSessionsAndProcessGroups) {
    // pid, process group, session
    const auto ids = [](const PopenOptions& options) {
        PopenOptions all = options;
        all.out = PIPE;
        Popen child(shell("cut -d' ' -f1,5,6 /proc/$$/stat"), all);
        const std::string pid = std::to_string(child.pid());
        std::string text = child.communicate().out;
        for (std::size_t at = 0; (at = text.find(pid)) != std::string::npos;) {
            text.replace(at, pid.size(), "own");
        }
        return text;
    };
    const std::string group = std::to_string(::getpgrp());
    const std::string session = std::to_string(::getsid(0));
    EXPECT_EQ(ids({}), "own " + group + " " + session + "\n");
    EXPECT_EQ(ids({.new_session = true}), "own own own\n");
    EXPECT_EQ(ids({.process_group = 0}), "own own " + session + "\n");
}

// Returns: the descriptors that are open in a child.
std::string descriptors_of(const PopenOptions& options) {
    std::string list = said(shell("ls /proc/$$/fd; :"), options);
    std::replace(list.begin(), list.end(), '\n', ' ');
    return list;
}

TENDRIL_TEST(Popen, PassesOnlyTheDescriptorsThatItIsTold) {
    int first[2];
    int second[2];
    ASSERT_EQ(::pipe(first), 0);  // not closed on exec, as other libraries leave them
    ASSERT_EQ(::pipe(second), 0);
    const Fd all[] = {Fd(first[0]), Fd(first[1]), Fd(second[0]), Fd(second[1])};
    EXPECT_EQ(descriptors_of({}), "0 1 2 ");
    const int high = ::fcntl(first[0], F_DUPFD_CLOEXEC, 100);
    const Fd high_owner(high);
    EXPECT_EQ(descriptors_of({.pass_fds = {high, second[0]}}),
              "0 1 " + std::to_string(high) + " 2 " + std::to_string(second[0]) + " ")
        << "neither those between them nor those behind";
    EXPECT_EQ(sys::close_on_exec(high), 1) << "ours is as it was";
    const std::string inherited = descriptors_of({.close_fds = false});
    EXPECT_NE(inherited.find(" " + std::to_string(first[1]) + " "), std::string::npos) << inherited;
    EXPECT_EQ(inherited.find(" " + std::to_string(high) + " "), std::string::npos) << inherited;
    EXPECT_EQ(errno_of([] { Popen({"true"}, {.pass_fds = {9999}}); }), EBADF);
}

TENDRIL_TEST(Popen, TheChildHasDefaultSignalsAndNoneBlocked) {
    sigset_t some;
    sigset_t before;
    sigemptyset(&some);
    sigaddset(&some, SIGTERM);
    sigaddset(&some, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &some, &before);
    auto* old = std::signal(SIGPIPE, SIG_IGN);
    const std::string status = said(shell("grep -E '^Sig(Blk|Ign)' /proc/self/status"));
    std::signal(SIGPIPE, old);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    EXPECT_NE(status.find("SigBlk:\t0000000000000000\n"), std::string::npos) << status;
    const auto ignored = std::stoull(status.substr(status.find("SigIgn:\t") + 8), nullptr, 16);
    EXPECT_EQ(ignored & (1ull << (SIGPIPE - 1)), 0u) << status;
}

TENDRIL_TEST(Popen, RefusesWhatCannotWork) {
    EXPECT_THROW(Popen(std::vector<std::string>{}), std::invalid_argument);
    EXPECT_THROW(Popen({""}), std::invalid_argument);
    EXPECT_THROW(Popen({"true", std::string("a\0b", 3)}), std::invalid_argument);
    EXPECT_THROW(Popen({"true"}, {.out = STDOUT}), std::invalid_argument);
    EXPECT_THROW(Popen({"true"}, {.add_env = {{"A=B", "1"}}}), std::invalid_argument);
    EXPECT_THROW(Popen({"true"}, {.new_session = true, .process_group = 0}), std::invalid_argument);
    EXPECT_EQ(errno_of([] { Popen({"true"}, {.in = 9999}); }), EBADF);
    Popen child({"true"});
    child.wait();
    Popen moved = std::move(child);
    EXPECT_THROW(child.wait(), std::logic_error);  // NOLINT(bugprone-use-after-move): it is about that
    EXPECT_EQ(moved.wait(), 0);
    EXPECT_THROW(moved.communicate("input"), std::logic_error);
}

// Each failure of a system call gives an error that says so, and leaves neither a child nor a descriptor.
TENDRIL_TEST(Popen, EveryFailureOfTheSystemIsClean) {
    const auto concerns = [](sys::Call call) {
        return call == sys::Call::pipe || call == sys::Call::fcntl || call == sys::Call::pidfd ||
               call == sys::Call::posix_spawn;
    };
    int failures = 0;
    for (;; ++failures) {
        const std::size_t before = testing::count_descriptors();
        const testing::FailNth fault(concerns, failures + 1, EMFILE);
        const int error = errno_of([] { Popen({"true"}, {.in = PIPE, .out = PIPE, .err = PIPE}).wait(); });
        if (!fault.happened()) {
            EXPECT_EQ(error, 0);
            break;
        }
        EXPECT_EQ(error, EMFILE) << failures;
        EXPECT_EQ(testing::count_descriptors(), before) << failures;
        EXPECT_TRUE(no_child_left()) << failures;
    }
    EXPECT_GE(failures, 3 + 3 + 2 + 1) << "three pipes, their flags, two pidfds, the start";
}

TENDRIL_TEST(Popen, AFailureToWatchLeavesTheChildWaitable) {
    Popen child({"sleep", "100"});
    const auto concerns = [](sys::Call call) { return call == sys::Call::epoll_ctl; };
    if (Hub::current().backend() == std::string_view("epoll")) {
        const testing::FailNth fault(concerns, 1, ENOSPC);
        EXPECT_EQ(errno_of([&] { child.wait(); }), ENOSPC);
    }
    child.kill();
    EXPECT_EQ(child.wait(), -SIGKILL);
}

TENDRIL_TEST(Popen, AResultThatAnotherTookIsAnErrorNotALie) {
    Popen child({"true"});
    siginfo_t info;
    ASSERT_EQ(sys::waitid(P_PID, static_cast<id_t>(child.pid()), info, WEXITED), 0);
    EXPECT_EQ(errno_of([&] { child.wait(); }), ECHILD);
    EXPECT_EQ(errno_of([&] { child.poll(); }), ECHILD);
    EXPECT_FALSE(child.returncode().has_value());
    child.kill();  // reaches no process
    EXPECT_EQ(errno_of([] { run({"true"}, {.popen = {.out = 9999}}); }), EBADF);
}

TENDRIL_TEST(PopenOrphan, IsReapedWhenItEndsWithoutKeepingTheHubAlive) {
    PipeWriter feed;
    pid_t pid = 0;
    {
        Popen child(shell("read line"), {.in = PIPE});
        pid = child.pid();
        feed = std::move(child.stdin_());
    }
    EXPECT_EQ(::kill(pid, 0), 0) << "it goes on";
    EXPECT_EQ(Hub::current().stats().keeping_alive, 0u);
    feed.close();
    while (::kill(pid, 0) == 0) {
        sleep(1ms);  // only the hub looks after it
    }
    EXPECT_TRUE(no_child_left());
}

TENDRIL_TEST(PopenOrphan, AWatchedOneMayBeDroppedToo) {
    auto child = std::make_unique<Popen>(std::vector<std::string>{"sleep", "100"});
    EXPECT_THROW(child->wait(1ms), TimeoutError);
    EXPECT_EQ(wait({child.get()}, 1ms).size(), 0u);
    const pid_t pid = child->pid();
    child.reset();
    EXPECT_EQ(Hub::current().stats().keeping_alive, 0u);
    ::kill(pid, SIGKILL);
    while (!no_child_left()) {
        sleep(1ms);
    }
}

// The orphans' hub ends before they do: the next Popen of any hub reaps them.
TEST(PopenOrphanThreads, ThoseWhoseHubHasEndedAreReapedByTheNextStart) {
    std::vector<pid_t> pids;
    std::unique_ptr<Popen> outlives;
    std::thread([&] {
        pids.push_back(Popen({"sleep", "100"}).pid());
        spawn_n([&] {
            const Popen dropped_by_the_hubs_end({"sleep", "100"});
            pids.push_back(dropped_by_the_hubs_end.pid());
            sleep(1h);
        });
        yield();
        outlives = std::make_unique<Popen>(std::vector<std::string>{"sleep", "100"});
        pids.push_back(outlives->pid());
    }).join();
    EXPECT_THROW(outlives->pid(), WrongThread);
    outlives.reset();
    ASSERT_EQ(pids.size(), 3u);
    for (const pid_t pid : pids) {
        ::kill(pid, SIGKILL);
        while (!testing::is_zombie(pid)) {
            std::this_thread::sleep_for(1ms);
        }
    }
    std::thread([] { Popen({"true"}).wait(); }).join();
    EXPECT_TRUE(no_child_left());
}

// In the child of a fork(), our children are the parent's; the child may have its own.
TENDRIL_TEST(Popen, AForkedChildHasItsOwnChildrenOnly) {
    Popen child({"sleep", "100"});
    EXPECT_EQ(wait({&child}, 1ms).size(), 0u) << "it is watched, and keeps the hub alive";
    auto dropped = std::make_unique<Popen>(std::vector<std::string>{"sleep", "100"});
    const pid_t orphan = dropped->pid();
    dropped.reset();
    Popen talks({"cat"}, {.in = PIPE, .out = PIPE});
    PipeWriter feed = std::move(talks.stdin_());
    auto talking = spawn([&] { return talks.communicate().out; });
    testing::until_keeping_alive(2);

    const pid_t forked = tendril::fork();
    if (forked == 0) {
        int wrong = 0;
        wrong += errno_of([&] { child.wait(); }) == ECHILD ? 0 : 1;
        child.kill();  // not ours
        wrong += Hub::current().stats().keeping_alive == 0 ? 0 : 2;
        wrong += check_output({"echo", "mine"}) == "mine\n" ? 0 : 4;
        wrong += no_child_left() ? 0 : 8;
        { const Popen moved_here = std::move(talks); }  // the green thread in its communicate() is frozen
        ::_exit(wrong);
    }
    EXPECT_EQ(wait_pid(forked), 0);
    EXPECT_FALSE(child.poll().has_value()) << "the parent's goes on";
    feed.send_all("x");
    feed.close();
    EXPECT_EQ(talking.get(), "x");
    child.kill();
    EXPECT_EQ(child.wait(), -SIGKILL);
    ::kill(orphan, SIGKILL);
    while (!no_child_left()) {
        sleep(1ms);
    }
}

TENDRIL_TEST(Popen, LeavesNoDescriptorWhereItsOwnNumbersAreTaken) {
    // While our own standard streams are closed, the pipes' ends get their numbers.
    const Fd kept_in(sys::duplicate(0, 10));
    sys::close(0);
    EXPECT_EQ(said({"cat"}, {.in = DEVNULL}), "");
    Popen child({"cat"}, {.in = PIPE, .out = PIPE, .err = PIPE});
    EXPECT_EQ(child.communicate("through").out, "through");
    ASSERT_EQ(::dup2(kept_in.get(), 0), 0);
}

}  // namespace
}  // namespace tendril
