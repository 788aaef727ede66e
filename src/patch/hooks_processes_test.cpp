// SPDX-License-Identifier: MIT

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/patch/patch.hpp>
#include <tendril/timeout.hpp>

#include "children.hpp"
#include "green_test.hpp"
#include "patch/hooked_call.hpp"

using namespace std::chrono_literals;

namespace tendril::patch {
namespace {

using tendril::testing::no_child_left;

// A child that patched code made by other means.
pid_t start(const char* command, bool leads_a_group = false) {
    const char* const argv[] = {"sh", "-c", command, nullptr};
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, leads_a_group ? POSIX_SPAWN_SETPGROUP : short{0});
    pid_t pid = 0;
    EXPECT_EQ(::posix_spawn(&pid, "/bin/sh", nullptr, &attributes, const_cast<char* const*>(argv), environ), 0);
    ::posix_spawnattr_destroy(&attributes);
    return pid;
}

// While `f` waits, another green thread counts.
template <class F>
auto counting(int& turns, F f) {
    auto counter = spawn([&turns] {
        for (;;) {
            sleep(1ms);
            ++turns;
        }
    });
    auto result = f();
    counter.kill();
    return result;
}

TENDRIL_TEST(PatchedWait, ParksUntilTheChildHasEnded) {
    const pid_t pid = start("sleep 0.1; exit 5");
    int status = 0;
    int turns = 0;
    errno = 7;
    EXPECT_EQ(counting(turns, [&] { return TENDRIL_HOOKED(waitpid)(pid, &status, 0); }), pid);
    EXPECT_EQ(errno, 7);
    EXPECT_EQ(WEXITSTATUS(status), 5);
    EXPECT_GT(turns, 2);
    EXPECT_EQ(TENDRIL_HOOKED(waitpid)(pid, &status, 0), -1);
    EXPECT_EQ(errno, ECHILD);
    EXPECT_TRUE(no_child_left());
}

TENDRIL_TEST(PatchedWait, AnyChildComesInTheOrderOfTheirEnds) {
    const pid_t slow = start("sleep 0.3; exit 1");
    const pid_t quick = start("sleep 0.05; exit 2");
    int status = 0;
    EXPECT_EQ(TENDRIL_HOOKED(wait)(&status), quick);
    EXPECT_EQ(WEXITSTATUS(status), 2);
    rusage usage{};
    EXPECT_EQ(TENDRIL_HOOKED(wait4)(-1, &status, 0, &usage), slow);
    EXPECT_EQ(WEXITSTATUS(status), 1);
    EXPECT_GT(usage.ru_maxrss, 0);
    EXPECT_EQ(TENDRIL_HOOKED(wait3)(&status, 0, nullptr), -1);
    EXPECT_EQ(errno, ECHILD);
}

TENDRIL_TEST(PatchedWait, ZombiesOfOthersDoNotMakeItSpin) {
    const pid_t dead = start("exit 3");
    while (!tendril::testing::is_zombie(dead)) {
        sleep(1ms);
    }
    const pid_t grouped = start("sleep 0.2; exit 4", true);
    rusage before{};
    rusage after{};
    ::getrusage(RUSAGE_THREAD, &before);
    int status = 0;
    EXPECT_EQ(TENDRIL_HOOKED(waitpid)(-grouped, &status, 0), grouped);
    ::getrusage(RUSAGE_THREAD, &after);
    EXPECT_EQ(WEXITSTATUS(status), 4);
    EXPECT_LT(after.ru_nvcsw - before.ru_nvcsw, 200);
    EXPECT_EQ(TENDRIL_HOOKED(waitpid)(dead, &status, 0), dead);
}

TENDRIL_TEST(PatchedWait, SeesStops) {
    const pid_t pid = start("kill -STOP $$; exit 6");
    int status = 0;
    EXPECT_EQ(TENDRIL_HOOKED(waitpid)(pid, &status, WUNTRACED), pid);
    EXPECT_TRUE(WIFSTOPPED(status));
    ::kill(pid, SIGCONT);
    siginfo_t info{};
    EXPECT_EQ(TENDRIL_HOOKED(waitid)(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
    EXPECT_EQ(info.si_status, 6);
    EXPECT_EQ(TENDRIL_HOOKED(waitid)(P_ALL, 0, nullptr, WEXITED), 0);
    EXPECT_EQ(TENDRIL_HOOKED(waitid)(P_ALL, 0, &info, WEXITED), -1);
    EXPECT_EQ(errno, ECHILD);
    EXPECT_EQ(TENDRIL_HOOKED(waitid)(P_ALL, 0, &info, 0), -1);
    EXPECT_EQ(errno, EINVAL);
}

TENDRIL_TEST(PatchedWait, BrokenOffItReapsNothing) {
    const pid_t pid = start("exec sleep 100");
    for (const pid_t which : {pid, pid_t{-1}}) {
        int status = 0;
        EXPECT_FALSE(with_timeout(20ms, [&] {
            EXPECT_EQ(TENDRIL_HOOKED(waitpid)(which, &status, 0), -1);
            EXPECT_EQ(errno, ECANCELED);
            EXPECT_EQ(TENDRIL_HOOKED(waitpid)(which, &status, 0), -1);  // and again, until the C code gives up
            deliver();
            ADD_FAILURE() << "the Timeout was lost";
        }));
        auto killed = spawn([&] { return TENDRIL_HOOKED(waitpid)(which, &status, 0); });
        yield();
        EXPECT_TRUE(killed.kill());
    }
    ::kill(pid, SIGKILL);
    int status = 0;
    EXPECT_EQ(TENDRIL_HOOKED(waitpid)(pid, &status, 0), pid);
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TENDRIL_TEST(PatchedSystem, RunsCommandsWhileOthersRun) {
    int turns = 0;
    EXPECT_EQ(counting(turns, [] { return TENDRIL_HOOKED(system)("sleep 0.1; exit 9"); }), 9 << 8);
    EXPECT_GT(turns, 2);
    EXPECT_NE(TENDRIL_HOOKED(system)(nullptr), 0);
    EXPECT_EQ(TENDRIL_HOOKED(system)("kill -TERM $$"), SIGTERM);
    EXPECT_EQ(TENDRIL_HOOKED(system)("/no/such/program 2>/dev/null"), 127 << 8);
    EXPECT_TRUE(no_child_left());
}

TENDRIL_TEST(PatchedSystem, IgnoresCtrlCOnlyWhileOneRuns) {
    struct sigaction before {};
    ::sigaction(SIGQUIT, nullptr, &before);
    const auto ignored = [] {
        struct sigaction now {};
        ::sigaction(SIGQUIT, nullptr, &now);
        return now.sa_handler == SIG_IGN;
    };
    auto longer = spawn([] { return TENDRIL_HOOKED(system)("sleep 0.2; kill -QUIT $$; exit 1"); });
    auto shorter = spawn([] { return TENDRIL_HOOKED(system)("exit 0"); });
    EXPECT_EQ(shorter.get(), 0);
    EXPECT_TRUE(ignored());
    EXPECT_EQ(WTERMSIG(longer.get()), SIGQUIT);  // the command itself does not ignore it
    EXPECT_EQ(ignored(), before.sa_handler == SIG_IGN);
}

TENDRIL_TEST(PatchedSystem, ATimeoutKillsTheShell) {
    EXPECT_FALSE(with_timeout(20ms, [&] {
        EXPECT_EQ(TENDRIL_HOOKED(system)("exec sleep 100"), -1);
        EXPECT_EQ(errno, ECANCELED);
        deliver();
    }));
    EXPECT_TRUE(no_child_left());
}

TENDRIL_TEST(PatchedPopen, ReadsAndWritesCommands) {
    FILE* const from = TENDRIL_HOOKED(popen)("printf 'one\\ntwo\\n'; sleep 0.05; exit 3", "r");
    ASSERT_NE(from, nullptr);
    EXPECT_EQ(::fcntl(::fileno(from), F_GETFD), 0);
    char line[16];
    EXPECT_STREQ(std::fgets(line, sizeof line, from), "one\n");
    int turns = 0;
    EXPECT_EQ(counting(turns, [&] { return TENDRIL_HOOKED(pclose)(from); }), 3 << 8);
    EXPECT_GT(turns, 1);
    FILE* const to = TENDRIL_HOOKED(popen)("read x; exit $x", "we");
    ASSERT_NE(to, nullptr);
    EXPECT_EQ(::fcntl(::fileno(to), F_GETFD), FD_CLOEXEC);
    std::fputs("4\n", to);
    EXPECT_EQ(TENDRIL_HOOKED(pclose)(to), 4 << 8);
    EXPECT_TRUE(no_child_left());
}

TENDRIL_TEST(PatchedPopen, ChildrenHaveNoOtherStreams) {
    FILE* const first = TENDRIL_HOOKED(popen)("cat", "w");
    FILE* const second = TENDRIL_HOOKED(popen)("echo $$; exec sleep 100", "r");  // must not hold the first one's pipe
    int pid = 0;
    ASSERT_EQ(std::fscanf(second, "%d", &pid), 1);
    EXPECT_EQ(TENDRIL_HOOKED(pclose)(first), 0);
    EXPECT_FALSE(with_timeout(20ms, [&] {
        EXPECT_EQ(TENDRIL_HOOKED(pclose)(second), -1);
        EXPECT_EQ(errno, ECANCELED);
        deliver();
    }));
    ::kill(pid, SIGKILL);  // now the hub reaps it
    while (!no_child_left()) {
        sleep(1ms);
    }
}

TENDRIL_TEST(PatchedPopen, RefusesOddModes) {
    for (const char* mode : {"", "rw", "x", "r+", "e"}) {
        EXPECT_EQ(TENDRIL_HOOKED(popen)("exit 0", mode), nullptr) << mode;
        EXPECT_EQ(errno, EINVAL);
    }
}

}  // namespace
}  // namespace tendril::patch
