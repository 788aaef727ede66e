// SPDX-License-Identifier: MIT

#include <tendril/watchers.hpp>

#include <csignal>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "base/sys.hpp"
#include "become_due.hpp"
#include "errno_of.hpp"
#include "green_test.hpp"
#include "pipe.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;
using testing::Pipe;

// A child that ends, as `end` says, when the pipe says so.
pid_t start_child(const Pipe& pipe, void (*end)()) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // when a test fails
        pollfd wait{pipe.reader.get(), POLLIN, 0};
        ::poll(&wait, 1, -1);
        end();
        ::_exit(99);
    }
    EXPECT_GT(pid, 0);
    return pid;
}

ChildStatus wait_for(const Pipe& pipe, pid_t pid) {
    std::optional<ChildStatus> result;
    const Child child(pid, [&](const ChildStatus& status) { result = status; });
    sleep(1ms);
    EXPECT_FALSE(result.has_value());
    pipe.write();
    while (!result.has_value()) {
        sleep(1ms);
    }
    EXPECT_FALSE(child.active());
    return *result;
}

TENDRIL_TEST(Child, SaysHowItEndedAndReapsIt) {
    for (const auto& [end, code, signal] : std::vector<std::tuple<void (*)(), int, int>>{
             {[] { ::_exit(0); }, 0, 0}, {[] { ::_exit(7); }, 7, 0}, {[] { ::raise(SIGKILL); }, 0, SIGKILL}}) {
        const Pipe pipe;
        const pid_t pid = start_child(pipe, end);
        const ChildStatus status = wait_for(pipe, pid);
        EXPECT_EQ(status.pid, pid);
        EXPECT_EQ(status.code, code);
        EXPECT_EQ(status.signal, signal);
        EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), -1) << "it is a zombie still";
    }
}

TENDRIL_TEST(Child, ThatHasEndedAlreadyIsToldAtOnce) {
    const Pipe pipe;
    const pid_t pid = start_child(pipe, [] { ::_exit(3); });
    pipe.write();
    siginfo_t info{};
    EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
    int code = -2;
    const Child child(pid, [&](const ChildStatus& status) { code = status.code; });
    while (child.active()) {
        sleep(1ms);
    }
    EXPECT_EQ(code, 3);
}

TENDRIL_TEST(Child, ThatSomebodyElseHasWaitedForIsNotKnown) {
    const Pipe pipe;
    const pid_t pid = start_child(pipe, [] { ::_exit(3); });
    int code = -2;
    const Child child(pid, [&](const ChildStatus& status) { code = status.code; });
    pipe.write();
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    while (child.active()) {
        sleep(1ms);
    }
    EXPECT_EQ(code, -1);
    EXPECT_EQ(errno_of([&] { Child(pid, [](const ChildStatus&) {}); }), ESRCH);
}

TENDRIL_TEST(Child, StoppedItReapsNothing) {
    const Pipe pipe;
    const pid_t pid = start_child(pipe, [] { ::_exit(3); });
    Child child(pid, [](const ChildStatus&) { ADD_FAILURE() << "it was stopped"; });
    pipe.write();
    testing::let_become_due(child);
    child.stop();
    sleep(1ms);
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(WEXITSTATUS(status), 3);
}

TENDRIL_TEST(Child, SeveralEndAtOnce) {
    const Pipe pipe;
    int ended = 0;
    std::vector<Child> children;
    for (int i = 0; i < 10; ++i) {
        children.emplace_back(start_child(pipe, [] { ::_exit(0); }), [&](const ChildStatus&) { ++ended; });
    }
    pipe.write();
    while (ended < 10) {
        sleep(1ms);
    }
}

TENDRIL_TEST(Child, RefusesWhatIsNoProcess) {
    const auto nothing = [](const ChildStatus&) {};
    EXPECT_THROW(Child(0, nothing), std::invalid_argument);
    EXPECT_THROW(Child(-5, nothing), std::invalid_argument);
    EXPECT_EQ(errno_of([&] { Child(1 << 30, nothing); }), ESRCH);
    sys::set_fault_hook(
        [](sys::Call call, int) noexcept -> sys::Fault { return call == sys::Call::pidfd ? ENOSYS : 0; });
    EXPECT_EQ(errno_of([&] { Child(::getpid(), nothing); }), ENOSYS);
    sys::set_fault_hook(
        [](sys::Call call, int) noexcept -> sys::Fault { return call == sys::Call::epoll_ctl ? ENOSPC : 0; });
    if (std::string_view(Hub::current().backend()) == "epoll") {
        EXPECT_EQ(errno_of([&] { Child(::getpid(), nothing); }), ENOSPC);
    }
    sys::set_fault_hook(nullptr);
}

TENDRIL_TEST(Child, OneThatIsInvokedOnlyLooks) {
    Child child(::getpid(), [](const ChildStatus&) { ADD_FAILURE() << "it has not ended"; });
    EXPECT_EQ(child.pid(), ::getpid());
    child.stop();
    child.invoke();
}

}  // namespace
}  // namespace tendril
