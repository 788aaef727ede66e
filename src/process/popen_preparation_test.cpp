// SPDX-License-Identifier: MIT
//
// What a child is prepared with before it runs its program: the options of Popen that need a fork of our own, and the
// errors of each step.

#include <tendril/process.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <tendril/account.hpp>
#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>
#include <tendril/wait.hpp>

#include "base/fork_gate.hpp"
#include "base/sys.hpp"
#include "children.hpp"
#include "folder.hpp"
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

template <class F>
std::string failure_of(F f) {
    try {
        f();
    } catch (const std::system_error& e) {
        return e.what();
    }
    return "";
}

TENDRIL_TEST(PopenPreparation, TheExecutableMayDifferFromTheName) {
    EXPECT_EQ(said({"another", "-c", "echo $0"}, {.executable = "/bin/sh"}), "another\n");
    EXPECT_EQ(said({"another", "-c", "echo $0"}, {.executable = "sh"}), "another\n") << "searched for in PATH";
    EXPECT_EQ(said({"another", "-c", "echo $0"}, {.executable = "sh", .umask = 022}), "another\n");
    EXPECT_NE(failure_of([] { Popen({"sh"}, {.executable = "/no/such"}); }).find("'/no/such'"), std::string::npos);
    EXPECT_THROW(Popen({"sh"}, {.executable = std::string("a\0b", 3)}), std::invalid_argument);
    Popen child({"sh", "-c", "exit 3"});
    EXPECT_EQ(child.argv(), (std::vector<std::string>{"sh", "-c", "exit 3"}));
    EXPECT_EQ(child.wait(), 3);
}

TENDRIL_TEST(PopenPreparation, SetsTheUmask) {
    EXPECT_EQ(said(shell("umask"), {.umask = 0137}), "0137\n");
    EXPECT_THROW(Popen({"true"}, {.umask = 01000}), std::invalid_argument);
}

TENDRIL_TEST(PopenPreparation, SetsUserAndGroups) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root may do this";
    }
    PopenOptions options{.user = 4321, .group = 4322, .extra_groups = {{4323, 4324}}};
    EXPECT_EQ(said(shell("id -u; id -g; id -G; id -ru; id -rg"), options), "4321\n4322\n4322 4323 4324\n4321\n4322\n");
    EXPECT_EQ(said(shell("id -G"), {.group = 4322, .extra_groups = {{}}}), "4322\n");
    const Account nobody = account("nobody");
    EXPECT_EQ(said(shell("id -un"), {.user = nobody.user, .group = nobody.group, .extra_groups = nobody.groups}),
              "nobody\n");
    EXPECT_EQ(::geteuid(), 0u) << "ours are as they were";
}

TENDRIL_TEST(PopenPreparation, AnotherUserWithoutTheRightIsAnError) {
    if (::geteuid() == 0) {
        GTEST_SKIP() << "root has the right";
    }
    EXPECT_EQ(errno_of([] { Popen({"true"}, {.user = ::getuid() + 1}); }), EPERM);
}

TENDRIL_TEST(PopenPreparation, NamesTheStepThatFailed) {
    const auto names = [](const PopenOptions& options, const char* step) {
        const std::string what = failure_of([&] { Popen({"true"}, options); });
        EXPECT_NE(what.find(step), std::string::npos) << what;
        EXPECT_TRUE(no_child_left());
    };
    names({.cwd = "/no/such", .umask = 022}, "cannot start 'true' in '/no/such': changing to its cwd");
    names({.process_group = 1, .umask = 022}, "joining its process group");
    names({.pass_fds = {987}, .umask = 022}, "pass_fds");
    names({.before_exec = [] { return EXDEV; }}, "running before_exec: Invalid cross-device link");
    names({.before_exec = []() -> int { throw 1; }}, "running before_exec");
    EXPECT_EQ(errno_of([] { Popen({"true"}, {.before_exec = [] { return -EPERM; }}); }), EPERM);
    EXPECT_EQ(errno_of([] { Popen({"no_such_program"}, {.umask = 022}); }), ENOENT);
    EXPECT_EQ(errno_of([] { Popen({"/etc/passwd"}, {.umask = 022}); }), EACCES);
    EXPECT_THROW(Popen({"true"}, {.user = static_cast<uid_t>(-1)}), std::invalid_argument);
}

TENDRIL_TEST(PopenPreparation, AFailingForkOrPipeLeavesNothing) {
    for (const sys::Call call : {sys::Call::fork, sys::Call::pipe}) {
        static sys::Call fails;
        fails = call;
        const testing::FailNth fault([](sys::Call each) { return each == fails; }, 1, EMFILE);
        EXPECT_EQ(errno_of([] { Popen({"true"}, {.umask = 022}); }), EMFILE);
        EXPECT_TRUE(fault.happened());
        EXPECT_TRUE(no_child_left());
    }
}

TENDRIL_TEST(PopenPreparation, RunsCodeOfTheUsersInTheChild) {
    const auto no_core = [] {
        const rlimit none{0, 0};
        return ::setrlimit(RLIMIT_CORE, &none) == 0 ? 0 : errno;
    };
    EXPECT_EQ(said(shell("ulimit -c"), {.before_exec = no_core}), "0\n");
}

TENDRIL_TEST(PopenPreparation, StreamsAndDescriptorsAreAsWithoutIt) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const Fd stays(ends[0]);
    const Fd passed(ends[1]);
    const std::string listing = "cd /proc/self/fd && for each in *; do test -e $each && echo $each; done";
    EXPECT_EQ(said(shell(listing), {.umask = 022}), said(shell(listing)));
    const std::string number = std::to_string(passed.get());
    EXPECT_EQ(said(shell("echo x >&" + number + " && echo yes"), {.pass_fds = {passed.get()}, .umask = 022}), "yes\n");
    EXPECT_EQ(said(shell("test -e /proc/self/fd/" + std::to_string(stays.get()) + " || echo closed"),
                   {.pass_fds = {passed.get()}, .umask = 022}),
              "closed\n");
    EXPECT_EQ(said(shell("test -e /proc/self/fd/" + number + " && echo open"), {.close_fds = false, .umask = 022}),
              "open\n");
    EXPECT_EQ(said(shell("echo err >&2"), {.in = DEVNULL, .err = STDOUT, .umask = 022}), "err\n");
    EXPECT_EQ(said({"pwd"}, {.cwd = "/usr", .umask = 022}), "/usr\n");
    EXPECT_EQ(said(shell("echo $A"), {.add_env = {{"A", "b"}}, .umask = 022}), "b\n");
    EXPECT_EQ(run(shell("cat"), {.input = "in", .popen = {.umask = 022}}).out, "in");
}

// The number that is free is that which a pipe of Popen's own would get: the child must not have that.
TENDRIL_TEST(PopenPreparation, ANumberThatIsNotOpenIsAnErrorAndNotAPipeOfOurs) {
    const int free = sys::duplicate(0, 3);
    const int next = sys::duplicate(0, 3);
    sys::close(free);
    sys::close(next);
    for (const std::optional<mode_t> own_fork : {std::optional<mode_t>(), std::optional<mode_t>(022)}) {
        for (const int fd : {free, next, -1}) {
            EXPECT_EQ(errno_of([&] {
                          Popen({"sleep", "60"}, {.in = PIPE, .pass_fds = {fd}, .umask = own_fork});
                      }),
                      EBADF);
            EXPECT_EQ(errno_of([&] { Popen({"sleep", "60"}, {.in = PIPE, .out = fd, .umask = own_fork}); }), EBADF);
        }
    }
    EXPECT_TRUE(no_child_left());
}

// Else Popen would wait until the other OS thread's child has ended, to hear whether its own has begun.
TENDRIL_TEST(PopenPreparation, AForkInAnotherOsThreadMeanwhileInheritsNothing) {
    static std::atomic<pid_t> other;
    static std::thread forks;
    other = 0;
    sys::set_fault_hook([](sys::Call call, int) noexcept -> sys::Fault {
        if (call == sys::Call::fork && !forks.joinable()) {
            forks = std::thread([] {
                const pid_t pid = ::fork();
                if (pid == 0) {
                    ::poll(nullptr, 0, 3000);  // while the start must not wait for it; all signals are blocked here
                    ::_exit(0);
                }
                other = pid;
            });
            while (other == 0 && !detail::fork_gate::is_closed()) {
                std::this_thread::yield();
            }
        }
        return {};
    });
    Popen child({"true"}, {.umask = 022});
    sys::set_fault_hook(nullptr);
    forks.join();
    forks = {};
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(try_wait_pid(other), std::nullopt) << "the start has waited for it";
    ::kill(other, SIGKILL);
    EXPECT_EQ(wait_pid(other), -SIGKILL);
}

TENDRIL_TEST(PopenPreparation, SignalsHaveTheirDefaultEffectUnlessTheyAreToStay) {
    struct sigaction ignores {};
    struct sigaction before {};
    ignores.sa_handler = SIG_IGN;
    ::sigaction(SIGXFSZ, &ignores, &before);
    const std::string ignored = "grep SigIgn /proc/self/status";
    const auto has_xfsz = [](const std::string& line) {
        return (std::stoull(line.substr(line.find(':') + 1), nullptr, 16) & (1ULL << (SIGXFSZ - 1))) != 0;
    };
    EXPECT_FALSE(has_xfsz(said(shell(ignored))));
    EXPECT_FALSE(has_xfsz(said(shell(ignored), {.umask = 022})));
    EXPECT_TRUE(has_xfsz(said(shell(ignored), {.restore_signals = false})));
    EXPECT_TRUE(has_xfsz(said(shell(ignored), {.restore_signals = false, .umask = 022})));
    ::sigaction(SIGXFSZ, &before, nullptr);
}

TENDRIL_TEST(PopenPreparation, WorksWhereItsOwnNumbersAreTaken) {
    // While our own standard streams are closed, the pipes' ends, and the report's, get their numbers.
    const Fd kept_in(sys::duplicate(0, 10));
    sys::close(0);
    EXPECT_EQ(said({"cat"}, {.in = DEVNULL, .umask = 022}), "");
    Popen child({"cat"}, {.in = PIPE, .out = PIPE, .err = PIPE, .umask = 022});
    EXPECT_EQ(child.communicate("through").out, "through");
    Popen typed(shell("read line; exit $line"), {.terminal = TerminalSize{}});
    typed.terminal().send_all("6\n");
    EXPECT_EQ(typed.wait(), 6);
    typed.terminal().close();  // it may have the number 0
    EXPECT_EQ(errno_of([] { Popen({"no_such_program"}, {.umask = 022}); }), ENOENT);
    ASSERT_EQ(::dup2(kept_in.get(), 0), 0);
}

TENDRIL_TEST(PopenPreparation, SetsThePipesSize) {
    Popen child({"cat"}, {.in = PIPE, .out = PIPE, .pipe_size = 4096});
    EXPECT_EQ(::fcntl(child.stdin_().fd(), F_GETPIPE_SZ), 4096);
    EXPECT_EQ(::fcntl(child.stdout_().fd(), F_GETPIPE_SZ), 4096);
    child.stdin_().close();
    EXPECT_EQ(child.wait(), 0);
    EXPECT_THROW(Popen({"true"}, {.pipe_size = -1}), std::invalid_argument);
}

TENDRIL_TEST(PopenPreparation, OutputIsBounded) {
    const std::string much(300'000, 'x');
    EXPECT_EQ(run({"cat"}, {.input = much, .popen = {.max_output = much.size()}}).out.size(), much.size());
    EXPECT_EQ(run({"true"}, {.popen = {.max_output = 0}}).out, "");
    for (const std::size_t most : {std::size_t{0}, std::size_t{10}, std::size_t{100'000}}) {
        try {
            run({"cat", "/dev/zero"}, {.popen = {.max_output = most}});
            ADD_FAILURE();
        } catch (const OutputTooLong& e) {
            EXPECT_EQ(e.out().size(), most);
            EXPECT_NE(std::string(e.what()).find("stdout has more than the " + std::to_string(most)),
                      std::string::npos);
        }
        EXPECT_TRUE(no_child_left());
    }
    Popen child(shell("echo 123456; echo 1234567 >&2; exec sleep 100"), {.out = PIPE, .err = PIPE, .max_output = 7});
    EXPECT_THROW(child.communicate(), OutputTooLong);
    EXPECT_THROW(child.communicate(1ms), OutputTooLong) << "each time";
    child.kill();
    EXPECT_EQ(child.wait(), -SIGKILL);
}

// A kill and a deadline inside a bounded communicate() lose nothing.
TENDRIL_TEST(PopenPreparation, ABrokenOffBoundedReadGoesOn) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const Fd go_on(ends[0]);
    const Fd tell(ends[1]);
    Popen child(shell("echo one; read line <&" + std::to_string(go_on.get()) + "; echo two"),
                {.out = PIPE, .pass_fds = {go_on.get()}, .max_output = 8, .umask = 022});
    auto killed = spawn([&] { child.communicate(); });
    testing::until_keeping_alive(1);
    EXPECT_TRUE(killed.kill());
    EXPECT_THROW(child.communicate(5ms), TimeoutError);
    EXPECT_EQ(::write(tell.get(), "\n", 1), 1);
    EXPECT_EQ(child.communicate().out, "one\ntwo\n");
    EXPECT_EQ(child.wait(), 0);
}

TENDRIL_TEST(PopenPreparation, ShellOutputIsWhatGetoutputGives) {
    const CompletedProcess done = shell_output("echo out; echo err >&2; echo; exit 3");
    EXPECT_EQ(done.out, "out\nerr\n");
    EXPECT_EQ(done.returncode, 3);
    EXPECT_THROW(done.check(), CalledProcessError);
    EXPECT_EQ(shell_output("printf x").out, "x");
    shell_output("true").check();
    EXPECT_THROW(shell_output("false", {.check = true}), CalledProcessError);
    EXPECT_THROW(shell_output("sleep 100", {.deadline = 5ms}), RunTimeout);
    EXPECT_TRUE(no_child_left());
}

TENDRIL_TEST(PopenPreparation, AdoptMakesAPopenOfAnyChild) {
    std::vector<Popen> children;
    for (const char* command : {"exec sleep 100", "exit 4"}) {
        const pid_t pid = fork();
        if (pid == 0) {
            ::execl("/bin/sh", "sh", "-c", command, nullptr);
            ::_exit(127);
        }
        children.push_back(Popen::adopt(pid));
        EXPECT_EQ(children.back().pid(), pid);
    }
    EXPECT_THROW(children[0].wait(1ms), TimeoutError);
    auto killed = spawn([&] { children[0].wait(); });
    testing::until_keeping_alive(1);
    EXPECT_TRUE(killed.kill());
    std::vector<int> ended;
    for (Popen& child : iwait(children)) {  // the first of several children to end
        ended.push_back(child.wait());
        children[0].kill();
    }
    EXPECT_EQ(ended, (std::vector{4, -SIGKILL}));
    EXPECT_TRUE(children[0].argv().empty());
    EXPECT_FALSE(children[0].stdin_().is_open());
    EXPECT_EQ(children[0].communicate().out, "");
    EXPECT_EQ(errno_of([&] { Popen::adopt(children[0].pid()); }), ECHILD);
    EXPECT_THROW(Popen::adopt(-1), std::invalid_argument);
    EXPECT_TRUE(no_child_left());
}

TENDRIL_TEST(PopenPreparation, TryWaitPidNeverWaits) {
    Popen* child = new Popen(shell("read line; exit 4"), {.in = PIPE});  // other code's child: not waited for here
    const pid_t pid = child->pid();
    EXPECT_FALSE(try_wait_pid(pid).has_value());
    child->stdin_().close();
    while (!testing::is_zombie(pid)) {
        sleep(1ms);
    }
    EXPECT_EQ(try_wait_pid(pid), 4);
    EXPECT_EQ(errno_of([&] { try_wait_pid(pid); }), ECHILD);
    EXPECT_THROW(try_wait_pid(0), std::invalid_argument);
    delete child;
}

}  // namespace
}  // namespace tendril
