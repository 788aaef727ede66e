// SPDX-License-Identifier: MIT
//
// The hooks of signals: those that install handlers (signal_actions.hpp), and those that wait for signals
// (signal_wait.hpp). alarm(2), kill(2), raise(3) and sigaltstack(2) stay the system's.

#include <array>
#include <atomic>
#include <csignal>

#include "base/libc.hpp"
#include "patch/green.hpp"
#include "patch/hooks.hpp"
#include "patch/signal_actions.hpp"
#include "patch/signal_wait.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;

namespace {

using PlainHandler = void (*)(int);

constexpr int numbers = 65;
std::array<std::atomic<bool>, numbers> interrupts;  // siginterrupt() was asked to: for later calls of signal()

PlainHandler set_handler(int number, PlainHandler handler, int flags, bool masks_itself) noexcept {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    ::sigemptyset(&action.sa_mask);
    if (masks_itself && ::sigaddset(&action.sa_mask, number) != 0) {
        return SIG_ERR;
    }
    struct sigaction before {};
    return set_signal_action(number, &action, &before) == 0 ? before.sa_handler : SIG_ERR;
}

// As the C library: a function cannot be SIG_ERR.
PlainHandler bsd_signal(int number, PlainHandler handler) noexcept {
    if (handler == SIG_ERR || number < 1 || number >= numbers) {
        errno = EINVAL;
        return SIG_ERR;
    }
    return set_handler(number, handler, interrupts[static_cast<std::size_t>(number)] ? 0 : SA_RESTART, true);
}

PlainHandler sysv_signal(int number, PlainHandler handler) noexcept {
    if (handler == SIG_ERR || number < 1 || number >= numbers) {
        errno = EINVAL;
        return SIG_ERR;
    }
    return set_handler(number, handler, static_cast<int>(SA_RESETHAND | SA_NODEFER), false);
}

PlainHandler set_disposition(int number, PlainHandler handler) noexcept {
    sigset_t one;
    ::sigemptyset(&one);
    if (handler == SIG_ERR || ::sigaddset(&one, number) != 0) {
        errno = EINVAL;
        return SIG_ERR;
    }
    sigset_t before;
    if (handler == SIG_HOLD) {
        libc.sigprocmask(SIG_BLOCK, &one, &before);
        struct sigaction now {};
        if (::sigismember(&before, number) != 0) {
            return SIG_HOLD;
        }
        return set_signal_action(number, nullptr, &now) == 0 ? now.sa_handler : SIG_ERR;
    }
    const PlainHandler former = set_handler(number, handler, 0, false);
    if (former == SIG_ERR) {
        return SIG_ERR;
    }
    libc.sigprocmask(SIG_UNBLOCK, &one, &before);
    return ::sigismember(&before, number) != 0 ? SIG_HOLD : former;
}

int set_interrupts(int number, int flag) noexcept {
    struct sigaction action {};
    if (set_signal_action(number, nullptr, &action) != 0) {
        return -1;
    }
    interrupts[static_cast<std::size_t>(number)] = flag != 0;
    action.sa_flags = flag != 0 ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
    return set_signal_action(number, &action, nullptr);
}

}  // namespace

Hooks signal_hooks() noexcept {
    static const std::array hooks{
        Hook("sigaction", Class::signals, &set_signal_action),
        Hook("__sigaction", Class::signals, &set_signal_action),
        Hook("signal", Class::signals, &bsd_signal),
        Hook("bsd_signal", Class::signals, &bsd_signal),
        Hook("ssignal", Class::signals, &bsd_signal),
        Hook("sysv_signal", Class::signals, &sysv_signal),
        Hook("__sysv_signal", Class::signals, &sysv_signal),
        Hook("sigset", Class::signals, &set_disposition),
        Hook("siginterrupt", Class::signals, &set_interrupts),
        Hook("sigwait", Class::signals, &wait_for_signal),
        Hook("sigwaitinfo", Class::signals, &wait_for_signal_info),
        Hook("sigtimedwait", Class::signals, &wait_for_signal_until),
        Hook("sigsuspend", Class::signals, &suspend_for_signal),
        Hook("pause", Class::signals, &pause_for_signal),
    };
    return hooks;
}

}  // namespace tendril::patch::detail
