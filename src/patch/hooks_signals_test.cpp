// SPDX-License-Identifier: MIT

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/patch/patch.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"
#include "patch/green.hpp"
#include "patch/hooked_call.hpp"

using namespace std::chrono_literals;

namespace tendril::patch {
namespace {

std::atomic<int> came{0};
std::atomic<int> code{0};
std::atomic<bool> could_park{true};

void on_signal(int number) {
    came = number;
    could_park = detail::may_park();
}

void on_info(int number, siginfo_t* info, void* context) {
    came = number;
    code = context != nullptr ? info->si_code : 0;
}

// Puts back the disposition of a signal.
struct Disposition {
    const int number;
    struct sigaction before {};
    explicit Disposition(int n) : number(n) {
        came = 0;
        ::sigaction(number, nullptr, &before);
    }
    Disposition(const Disposition&) = delete;
    Disposition& operator=(const Disposition&) = delete;
    ~Disposition() { ::sigaction(number, &before, nullptr); }
};

struct sigaction action_for(void (*handler)(int), int flags) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    ::sigemptyset(&action.sa_mask);
    return action;
}

// Sends it to this OS thread from another one, after a while.
class Sender {
public:
    explicit Sender(int number)
        : thread_([to = ::pthread_self(), number] {
              ::usleep(20'000);
              ::pthread_kill(to, number);
          }) {}
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;
    ~Sender() { thread_.join(); }

private:
    std::thread thread_;
};

pid_t start_sleeper(const char* seconds) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::execlp("sleep", "sleep", seconds, nullptr);
        ::_exit(1);
    }
    return pid;
}

TENDRIL_TEST(PatchedSignals, HandlersRunAndAreShownAsInstalled) {
    const Disposition kept(SIGUSR1);
    const struct sigaction first = action_for(&on_signal, SA_RESTART | SA_NODEFER);
    struct sigaction before {};
    ASSERT_EQ(TENDRIL_HOOKED(sigaction)(SIGUSR1, &first, &before), 0);
    EXPECT_EQ(before.sa_handler, SIG_DFL);
    ::raise(SIGUSR1);
    EXPECT_EQ(came, SIGUSR1);
    EXPECT_FALSE(could_park);
    EXPECT_TRUE(detail::may_park());
    struct sigaction second {};
    second.sa_sigaction = &on_info;
    second.sa_flags = SA_SIGINFO;
    ASSERT_EQ(TENDRIL_HOOKED(sigaction)(SIGUSR1, &second, &before), 0);
    EXPECT_EQ(before.sa_handler, &on_signal);
    EXPECT_EQ(before.sa_flags & (SA_SIGINFO | SA_RESTART | SA_NODEFER), SA_RESTART | SA_NODEFER);
    came = 0;
    ::raise(SIGUSR1);
    EXPECT_EQ(came, SIGUSR1);
    EXPECT_EQ(code, SI_TKILL);
    ASSERT_EQ(TENDRIL_HOOKED(sigaction)(SIGUSR1, nullptr, &before), 0);
    EXPECT_EQ(before.sa_sigaction, &on_info);
    EXPECT_NE(before.sa_flags & SA_SIGINFO, 0);
    EXPECT_NE(TENDRIL_HOOKED(signal)(SIGUSR1, SIG_IGN), SIG_ERR);
    EXPECT_EQ(TENDRIL_HOOKED(signal)(SIGUSR1, &on_signal), SIG_IGN);
    EXPECT_EQ(TENDRIL_HOOKED(signal)(SIGUSR1, SIG_DFL), &on_signal);
    EXPECT_EQ(TENDRIL_HOOKED(signal)(SIGKILL, &on_signal), SIG_ERR);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(TENDRIL_HOOKED(sigaction)(0, &first, nullptr), -1);
    EXPECT_EQ(errno, EINVAL);
}

TENDRIL_TEST(PatchedSignals, AHandlerIsForgottenAfterSaResethand) {
    const Disposition kept(SIGUSR1);
    EXPECT_EQ(TENDRIL_HOOKED(sysv_signal)(SIGUSR1, &on_signal), SIG_DFL);
    ::raise(SIGUSR1);
    EXPECT_EQ(came, SIGUSR1);
    EXPECT_EQ(TENDRIL_HOOKED(signal)(SIGUSR1, SIG_IGN), SIG_DFL);
}

TENDRIL_TEST(PatchedSignals, WithoutSaRestartAWaitEndsWithEintr) {
    const Disposition kept(SIGUSR1);
    const struct sigaction action = action_for(&on_signal, 0);
    ASSERT_EQ(TENDRIL_HOOKED(sigaction)(SIGUSR1, &action, nullptr), 0);
    const pid_t pid = start_sleeper("100");
    for (const pid_t which : {pid, pid_t{-1}}) {
        const Sender sender(SIGUSR1);
        int status = 0;
        EXPECT_EQ(TENDRIL_HOOKED(waitpid)(which, &status, 0), -1);
        EXPECT_EQ(errno, EINTR);
        EXPECT_EQ(came.exchange(0), SIGUSR1);
    }
    ::kill(pid, SIGKILL);
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

TENDRIL_TEST(PatchedSignals, WithSaRestartAWaitGoesOn) {
    auto* const interrupts = reinterpret_cast<int (*)(int, int)>(testing::replacement_of("siginterrupt"));
    const Disposition kept(SIGUSR1);
    EXPECT_EQ(TENDRIL_HOOKED(signal)(SIGUSR1, &on_signal), SIG_DFL);
    const pid_t pid = start_sleeper("0.2");
    const Sender sender(SIGUSR1);
    EXPECT_EQ(TENDRIL_HOOKED(waitpid)(pid, nullptr, 0), pid);
    EXPECT_EQ(came, SIGUSR1);
    EXPECT_EQ(interrupts(SIGUSR1, 1), 0);
    struct sigaction now {};
    EXPECT_EQ(TENDRIL_HOOKED(sigaction)(SIGUSR1, nullptr, &now), 0);
    EXPECT_EQ(now.sa_flags & SA_RESTART, 0);
    EXPECT_EQ(now.sa_handler, &on_signal);
    EXPECT_EQ(interrupts(SIGUSR1, 0), 0);
}

TENDRIL_TEST(PatchedSignals, PauseAndSigsuspendWaitForAHandler) {
    const Disposition kept(SIGUSR1);
    EXPECT_EQ(TENDRIL_HOOKED(signal)(SIGUSR1, &on_signal), SIG_DFL);
    bool ran = false;
    auto other = spawn([&] { ran = true; });
    {
        const Sender sender(SIGUSR1);
        EXPECT_EQ(TENDRIL_HOOKED(pause)(), -1);
        EXPECT_EQ(errno, EINTR);
    }
    EXPECT_TRUE(ran);
    EXPECT_EQ(came.exchange(0), SIGUSR1);
    sigset_t blocked;
    sigset_t before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    ::raise(SIGUSR1);
    EXPECT_EQ(came, 0);
    EXPECT_EQ(TENDRIL_HOOKED(sigsuspend)(&before), -1);  // the one that is pending
    EXPECT_EQ(errno, EINTR);
    EXPECT_EQ(came.exchange(0), SIGUSR1);
    {
        const Sender sender(SIGUSR1);
        EXPECT_EQ(TENDRIL_HOOKED(sigsuspend)(&before), -1);
        EXPECT_EQ(came, SIGUSR1);
    }
    EXPECT_FALSE(with_timeout(10ms, [&] {
        EXPECT_EQ(TENDRIL_HOOKED(sigsuspend)(&before), -1);
        EXPECT_EQ(errno, ECANCELED);
        deliver();
    }));
    sigset_t after;
    ::pthread_sigmask(SIG_SETMASK, &before, &after);
    EXPECT_EQ(::sigismember(&after, SIGUSR1), 1);
}

TENDRIL_TEST(PatchedSignals, SigwaitTakesBlockedSignals) {
    sigset_t set;
    sigset_t before;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGUSR2);
    ::pthread_sigmask(SIG_BLOCK, &set, &before);
    {
        const Sender sender(SIGUSR2);
        bool ran = false;
        auto other = spawn([&] { ran = true; });
        int number = 0;
        EXPECT_EQ(TENDRIL_HOOKED(sigwait)(&set, &number), 0);
        EXPECT_EQ(number, SIGUSR2);
        EXPECT_TRUE(ran);
    }
    ::pthread_kill(::pthread_self(), SIGUSR2);
    siginfo_t info{};
    EXPECT_EQ(TENDRIL_HOOKED(sigwaitinfo)(&set, &info), SIGUSR2);
    EXPECT_EQ(info.si_code, SI_USER);  // as the C library says
    const timespec soon{0, 10'000'000};
    EXPECT_EQ(TENDRIL_HOOKED(sigtimedwait)(&set, nullptr, &soon), -1);
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_FALSE(with_timeout(10ms, [&] {
        int number = 0;
        EXPECT_EQ(TENDRIL_HOOKED(sigwait)(&set, &number), ECANCELED);
        EXPECT_EQ(TENDRIL_HOOKED(sigwaitinfo)(&set, nullptr), -1);
        EXPECT_EQ(errno, ECANCELED);
        deliver();
    }));
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace tendril::patch
