// SPDX-License-Identifier: MIT
//
// Child with ChildOptions::trace and without ChildOptions::reap.

#include <tendril/watchers.hpp>

#include <csignal>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "green_test.hpp"
#include "pipe.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::Pipe;

// A child that ends with status 7 when the pipe says so; killed and reaped at the latest with this.
class Process {
public:
    Process() : pid(::fork()) {
        if (pid == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // when a test fails
            pollfd wait{pipe_.reader.get(), POLLIN, 0};
            while (::poll(&wait, 1, -1) < 0) {
            }
            ::_exit(7);
        }
        EXPECT_GT(pid, 0);
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
    void signal(int number) const { EXPECT_EQ(::kill(pid, number), 0); }
    void end() const { pipe_.write(); }
    // Waits until it is stopped, and leaves that for others that wait.
    void await_stop() const {
        siginfo_t info{};
        EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WNOWAIT), 0);
    }

private:
    Pipe pipe_;

public:
    const pid_t pid;
};

// What a Child's callback was told, as text.
struct Told {
    std::string all;
    Child::Callback note() {
        return [this](const ChildStatus& status) {
            all += status.stopped != 0  ? "stopped " + std::to_string(status.stopped)
                   : status.continued   ? "continued"
                   : status.signal != 0 ? "killed " + std::to_string(status.signal)
                                        : "ended " + std::to_string(status.code);
            all += status.ended() ? "." : ", ";
        };
    }
    void await(const std::string& text) const {
        for (int i = 0; i < 5'000 && all != text; ++i) {
            sleep(1ms);
        }
        EXPECT_EQ(all, text);
    }
};

const std::string by_stop = "stopped " + std::to_string(SIGSTOP) + ", ";

TENDRIL_TEST(Child, TracedItReportsStopsAndTheEnd) {
    const Process process;
    Told told;
    const Child child(process.pid, told.note(), {.trace = true});
    process.signal(SIGSTOP);
    told.await(by_stop);
    process.signal(SIGCONT);
    told.await(by_stop + "continued, ");
    process.signal(SIGSTOP);  // SIGTSTP stops none whose process group is orphaned, as under setsid(1)
    told.await(by_stop + "continued, " + by_stop);
    EXPECT_TRUE(child.active());
    process.signal(SIGKILL);
    told.await(by_stop + "continued, " + by_stop + "killed " + std::to_string(SIGKILL) + ".");
    EXPECT_FALSE(child.active());
    EXPECT_EQ(::waitpid(process.pid, nullptr, WNOHANG), -1) << "it is a zombie still";
}

TENDRIL_TEST(Child, TracedItReportsAtOnceOneThatIsStopped) {
    const Process process;
    process.signal(SIGSTOP);
    process.await_stop();
    Told told;
    Child child(process.pid, told.note(), {.trace = true});
    EXPECT_TRUE(child.pending());
    told.await(by_stop);
    child.stop();
    process.signal(SIGCONT);
    process.signal(SIGSTOP);
    process.await_stop();
    EXPECT_EQ(told.all, by_stop) << "it was not active";
    child.start();
    told.await(by_stop + by_stop);
    process.signal(SIGKILL);
    told.await(by_stop + by_stop + "killed " + std::to_string(SIGKILL) + ".");
}

// Each SIGCHLD makes it look, those of other children too.
TENDRIL_TEST(Child, TracedItTakesNothingFromOthers) {
    const Process process;
    const Process other;
    Told first, second, without, others;
    const Child a(process.pid, first.note(), {.trace = true});
    const Child b(process.pid, second.note(), {.trace = true, .reap = false});
    const Child c(process.pid, without.note(), {.reap = false});
    const Child d(other.pid, others.note(), {.trace = true});
    process.signal(SIGSTOP);
    first.await(by_stop);
    second.await(by_stop);
    int status = 0;
    EXPECT_EQ(::waitpid(process.pid, &status, WUNTRACED | WNOHANG), process.pid) << "it was only looked at";
    EXPECT_TRUE(WIFSTOPPED(status));
    process.signal(SIGCONT);
    first.await(by_stop + "continued, ");
    second.await(by_stop + "continued, ");
    EXPECT_EQ(without.all + others.all, "");
    other.end();
    others.await("ended 7.");
    EXPECT_EQ(first.all, by_stop + "continued, ");
}

TENDRIL_TEST(Child, ThatDoesNotReapLeavesTheResult) {
    const Process process;
    Told told;
    Child child(process.pid, told.note(), {.reap = false});
    process.end();
    told.await("ended 7.");
    EXPECT_FALSE(child.active());
    child.start();
    told.await("ended 7.ended 7.");
    int status = 0;
    EXPECT_EQ(::waitpid(process.pid, &status, WNOHANG), process.pid);
    EXPECT_EQ(WEXITSTATUS(status), 7);
}

TENDRIL_TEST(Child, OnlyATracedOneHandlesSigchld) {
    const auto handler = [] {
        struct sigaction now {};
        EXPECT_EQ(::sigaction(SIGCHLD, nullptr, &now), 0);
        return now.sa_handler;
    };
    const auto before = handler();
    const Process process;
    std::optional<Child> child(std::in_place, process.pid, [](const ChildStatus&) {});
    EXPECT_EQ(handler(), before);
    child.emplace(
        process.pid, [](const ChildStatus&) {}, ChildOptions{.trace = true});
    EXPECT_NE(handler(), before);
    child->stop();
    EXPECT_EQ(handler(), before);
    child->start();
    EXPECT_NE(handler(), before);
    child.reset();
    EXPECT_EQ(handler(), before);
    EXPECT_THROW(Child(1 << 30, [](const ChildStatus&) {}, {.trace = true}), std::system_error);
    EXPECT_EQ(handler(), before);
}

TENDRIL_TEST(Child, TracedItMayBeDestroyedByItsCallback) {
    const Process process;
    int told = 0;
    std::optional<Child> child;
    child.emplace(
        process.pid,
        [&](const ChildStatus& status) {
            EXPECT_EQ(status.stopped, SIGSTOP);
            ++told;
            child.reset();
        },
        ChildOptions{.trace = true});
    process.signal(SIGSTOP);
    while (told == 0) {
        sleep(1ms);
    }
    process.signal(SIGCONT);
    sleep(1ms);
    EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace tendril
