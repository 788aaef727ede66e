// SPDX-License-Identifier: MIT

#include "patch/signal_actions.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/libc.hpp"
#include "patch/green.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;

namespace {

using Handler = void (*)(int);
using InfoHandler = void (*)(int, siginfo_t*, void*);

// A handler of the program, with what of its flags ours must know. Written once.
struct Action {
    std::atomic<bool> ready{false};
    Handler handler = nullptr;           // this,
    InfoHandler info_handler = nullptr;  // or this
    bool restarts = false;

    bool is(const Action& other) const noexcept {
        return handler == other.handler && info_handler == other.info_handler && restarts == other.restarts;
    }
};

constexpr std::size_t actions_at_most = 1024;
constexpr std::size_t numbers = 65;

std::array<Action, actions_at_most> actions;
std::atomic<std::size_t> taken{0};  // of the array; more when it is full
std::array<std::atomic<const Action*>, numbers> installed;

constinit thread_local unsigned long handlers_run [[gnu::tls_model("initial-exec")]] = 0;

// Returns: nullptr if the table is full.
const Action* keep(const struct sigaction& wanted) noexcept {
    Action sought;
    if ((wanted.sa_flags & SA_SIGINFO) != 0) {
        sought.info_handler = wanted.sa_sigaction;
    } else {
        sought.handler = wanted.sa_handler;
    }
    sought.restarts = (wanted.sa_flags & SA_RESTART) != 0;
    for (const Action& each : actions) {
        if (each.ready.load(std::memory_order_acquire) && each.is(sought)) {
            return &each;
        }
    }
    const std::size_t place = taken.fetch_add(1);
    if (place >= actions_at_most) {
        taken = actions_at_most;
        return nullptr;
    }
    Action& fresh = actions[place];
    fresh.handler = sought.handler;
    fresh.info_handler = sought.info_handler;
    fresh.restarts = sought.restarts;
    fresh.ready.store(true, std::memory_order_release);
    return &fresh;
}

// See HandlersLater. Of this OS thread, and of its handlers.
struct Later {
    std::atomic<unsigned> depth{0};
    std::atomic<std::uint64_t> kept{0};  // a bit for each signal that was given back to the system
};
constinit thread_local Later later [[gnu::tls_model("initial-exec")]];

bool is_fault(int number) noexcept {
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == SIGTRAP ||
           number == SIGSYS;
}

void run_handler(int number, siginfo_t* info, void* context);

// Gives the signal back to the system, blocked. Returns: whether it did.
bool put_off(int number, siginfo_t* info, void* context) noexcept {
    struct sigaction now {};
    if (is_fault(number) || libc.sigaction(number, nullptr, &now) != 0 || now.sa_sigaction != &run_handler) {
        return false;
    }
    sigset_t one;
    ::sigemptyset(&one);
    ::sigaddset(&one, number);
    libc.pthread_sigmask(SIG_BLOCK, &one, nullptr);  // by SA_NODEFER it is not
    if (libc.syscall(SYS_rt_tgsigqueueinfo, ::getpid(), ::gettid(), number, info) != 0) {
        return false;
    }
    ::sigaddset(&static_cast<ucontext_t*>(context)->uc_sigmask, number);
    later.kept.store(later.kept.load(std::memory_order_relaxed) | (std::uint64_t{1} << (number - 1)),
                     std::memory_order_relaxed);
    return true;
}

// What the system calls.
void run_handler(int number, siginfo_t* info, void* context) {
    const Action* const action = installed[static_cast<std::size_t>(number)].load(std::memory_order_acquire);
    if (action == nullptr) {
        return;
    }
    if (later.depth.load(std::memory_order_relaxed) != 0) [[unlikely]] {
        const int before = errno;
        const bool waits = put_off(number, info, context);
        errno = before;
        if (waits) {
            return;
        }
    }
    ++handlers_run;
    {
        const SignalDepth inside;
        if (action->info_handler != nullptr) {
            action->info_handler(number, info, context);
        } else {
            action->handler(number);
        }
    }
    const int error = errno;
    break_off_by_signal(action->restarts);
    errno = error;
}

bool is_function(const struct sigaction& action) noexcept {
    return (action.sa_flags & SA_SIGINFO) != 0 ||
           (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN && action.sa_handler != SIG_ERR);
}

// Makes of what the system knows what the program has installed.
void show(struct sigaction& action, const Action* own) noexcept {
    const bool ours = (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == &run_handler;
    if (!ours || own == nullptr) {
        return;
    }
    if (own->info_handler != nullptr) {
        action.sa_sigaction = own->info_handler;
    } else {
        action.sa_flags &= ~SA_SIGINFO;
        action.sa_handler = own->handler;
    }
}

}  // namespace

int set_signal_action(int number, const struct sigaction* action, struct sigaction* before) noexcept {
    if (number < 1 || number >= static_cast<int>(numbers)) {
        return libc.sigaction(number, action, before);
    }
    auto& place = installed[static_cast<std::size_t>(number)];
    const Action* const former = place.load(std::memory_order_acquire);
    // The child of a vfork(2) must leave the parent's table alone.
    const Action* const own = action != nullptr && is_function(*action) && in_own_process() ? keep(*action) : nullptr;
    if (own == nullptr) {
        const int r = libc.sigaction(number, action, before);
        if (r == 0 && before != nullptr) {
            show(*before, former);
        }
        return r;
    }
    struct sigaction ours = *action;
    ours.sa_sigaction = &run_handler;
    ours.sa_flags |= SA_SIGINFO;
    place.store(own, std::memory_order_release);
    if (libc.sigaction(number, &ours, before) != 0) {
        place.store(former, std::memory_order_release);
        return -1;
    }
    if (before != nullptr) {
        show(*before, former);
    }
    return 0;
}

unsigned long handlers_run_here() noexcept {
    return handlers_run;
}

HandlersLater::HandlersLater() noexcept {
    later.depth.store(later.depth.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

HandlersLater::~HandlersLater() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    const unsigned outer = later.depth.load(std::memory_order_relaxed) - 1;
    later.depth.store(outer, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (const std::uint64_t kept = later.kept.load(std::memory_order_relaxed); outer == 0 && kept != 0) [[unlikely]] {
        later.kept.store(0, std::memory_order_relaxed);
        sigset_t all;
        ::sigemptyset(&all);
        for (int number = 1; number < static_cast<int>(numbers); ++number) {
            if (((kept >> (number - 1)) & 1) != 0) {
                ::sigaddset(&all, number);
            }
        }
        libc.pthread_sigmask(SIG_UNBLOCK, &all, nullptr);
    }
}

}  // namespace tendril::patch::detail
