// SPDX-License-Identifier: MIT
//
// Children of patched code, made by all means: they are unharmed, and no descriptor is left in them or here.

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
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

using tendril::testing::count_descriptors;
using tendril::testing::no_child_left;

int status_of(pid_t pid) {
    int status = -1;
    EXPECT_EQ(TENDRIL_HOOKED(waitpid)(pid, &status, 0), pid);
    return status;
}

TENDRIL_TEST(PatchedFork, TheChildGoesOnWithItsCallerOnly) {
    bool other_ran = false;
    auto other = spawn([&] {
        sleep(20ms);
        other_ran = true;
    });
    const pid_t pid = TENDRIL_HOOKED(fork)();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
        sleep(60ms);  // on a hub of its own
        const bool fine = !other_ran && WEXITSTATUS(TENDRIL_HOOKED(system)("exit 3")) == 3;
        ::_exit(fine ? 5 : 6);
    }
    EXPECT_EQ(WEXITSTATUS(status_of(pid)), 5);
    other.join();
    EXPECT_TRUE(other_ran);
}

TENDRIL_TEST(PatchedFork, ADaemonHasAHubOfItsOwn) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t pid = TENDRIL_HOOKED(fork)();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
        const bool is_one = TENDRIL_HOOKED(daemon)(0, 0) == 0 && ::getsid(0) == ::getpid();
        sleep(1ms);
        const bool fine = is_one && WEXITSTATUS(TENDRIL_HOOKED(system)("exit 3")) == 3;
        ::_exit(::write(ends[1], fine ? "y" : "n", 1) == 1 ? 0 : 1);
    }
    ::close(ends[1]);
    EXPECT_EQ(status_of(pid), 0);
    char answer = 0;
    EXPECT_EQ(TENDRIL_HOOKED(read)(ends[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    ::close(ends[0]);
}

TENDRIL_TEST(PatchedFork, TheChildOfAVforkLeavesTheHubAlone) {
    const std::size_t before = count_descriptors();
    const pid_t pid = ::vfork();
    if (pid == 0) {
        // What C code does between vfork and exec, by hooks: in this process there is no hub.
        struct sigaction initial {};
        initial.sa_handler = SIG_DFL;
        const bool fine = TENDRIL_HOOKED(sigaction)(SIGPIPE, &initial, nullptr) == 0 &&
                          TENDRIL_HOOKED(fsync)(-1) == -1 && errno == EBADF;
        ::_exit(fine ? 7 : 8);
    }
    EXPECT_EQ(WEXITSTATUS(status_of(pid)), 7);
    EXPECT_EQ(count_descriptors(), before);
}

TENDRIL_TEST(PatchedFork, NoDescriptorIsLeftAnywhere) {
    const std::size_t before = count_descriptors();
    // ls has one more, of the folder; popen's child has its pipe in the place of the standard output.
    const auto count = [] {
        FILE* const list = TENDRIL_HOOKED(popen)("ls /proc/self/fd | wc -l", "r");
        int n = 0;
        EXPECT_EQ(std::fscanf(list, "%d", &n), 1);
        EXPECT_EQ(TENDRIL_HOOKED(pclose)(list), 0);
        return n;
    };
    const int in_child = count();
    auto waiting = spawn([] {
        const char* const argv[] = {"sleep", "0.2", nullptr};
        pid_t pid = 0;
        EXPECT_EQ(::posix_spawnp(&pid, "sleep", nullptr, nullptr, const_cast<char* const*>(argv), environ), 0);
        return status_of(pid);
    });
    auto command = spawn([] { return TENDRIL_HOOKED(system)("sleep 0.2"); });
    yield();
    EXPECT_EQ(count(), in_child);  // the hooks' own descriptors are closed on exec
    EXPECT_EQ(waiting.get(), 0);
    EXPECT_EQ(command.get(), 0);
    EXPECT_EQ(count_descriptors(), before);
    EXPECT_TRUE(no_child_left());
}

}  // namespace
}  // namespace tendril::patch
