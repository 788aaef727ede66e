// SPDX-License-Identifier: MIT

#include "patch/signal_actions.hpp"

#include <array>
#include <atomic>
#include <cstddef>

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

// What the system calls.
void run_handler(int number, siginfo_t* info, void* context) {
    const Action* const action = installed[static_cast<std::size_t>(number)].load(std::memory_order_acquire);
    if (action == nullptr) {
        return;
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

}  // namespace tendril::patch::detail
