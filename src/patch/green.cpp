// SPDX-License-Identifier: MIT

#include "patch/green.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>

#include <tendril/patch/patch.hpp>

#include "base/at_fork.hpp"
#include "base/sys.hpp"
#include "hub/waiter.hpp"
#include "patch/immortal.hpp"
#include "patch/parking_lot.hpp"
#include "patch/patches.hpp"

namespace tendril::patch {

namespace detail {

using namespace tendril::detail;

constinit thread_local Plain plain_here [[gnu::tls_model("initial-exec")]];

namespace {

// The number of this process, made before any hook runs, and anew in the child of a fork(2).
struct OwnProcess {
    std::atomic<pid_t> number{sys::process_id()};
    AtFork at_fork{this, [](void* self) noexcept { static_cast<OwnProcess*>(self)->number = sys::process_id(); }};
};
OwnProcess& own_process() {
    static Immortal<OwnProcess> own;
    return own.get();
}
[[maybe_unused]] const OwnProcess& made_at_start = own_process();

// A wait that a handler of the program may break off. In the list of its OS thread, oldest first.
struct Breakable : ListNode {
    Waiter& waiter;
    const bool restarts;
    bool broken = false;
    Breakable(Waiter& w, bool restarting) noexcept;
};

// What handlers of the program have noted on this OS thread, for the hub to act on.
struct Noted {
    List<Breakable> waits;
    std::atomic<bool> any{false};
    std::atomic<bool> without_restart{false};
    std::atomic<std::uint64_t> target{0};  // the green thread that the signal was for; 0: the process
};
thread_local Immortal<Noted> noted_here;  // exit handlers wait, too, after the OS thread's values were destroyed

// As the kernel chooses an OS thread for a signal: the main one if it does not block it. Here: the main green thread's
// wait, else the last one that began.
void break_off_noted() noexcept {
    Noted& noted = noted_here.get();
    wake_noted();
    if (!noted.any.exchange(false)) {
        return;
    }
    const bool restart = !noted.without_restart.exchange(false);
    const std::uint64_t target = noted.target.exchange(0);
    Breakable* chosen = nullptr;
    for (Breakable* each = noted.waits.front(); each != nullptr; each = noted.waits.after(*each)) {
        const bool may =
            (!restart || !each->restarts) && each->waiter.open() && (target == 0 || each->waiter.fiber.id == target);
        const bool has_main = chosen != nullptr && chosen->waiter.fiber.stack == nullptr;
        chosen = may && !has_main ? each : chosen;
    }
    if (chosen != nullptr) {
        chosen->broken = true;
        chosen->waiter.resolve(Outcome::signalled);
    }
}

Breakable::Breakable(Waiter& w, bool restarting) noexcept : waiter(w), restarts(restarting) {
    try {
        here::when_poked(&break_off_noted);
    } catch (...) {
        return;  // no memory: no handler breaks it off
    }
    noted_here.get().waits.push_back(*this);
}

// Resolves its waiter by the events of a descriptor.
struct ReadyWait final : Interest {
    Waiter waiter;
    bool closed = false;
    ReadyWait(Events what, const char* call) noexcept : Interest(what, &ReadyWait::on_event), waiter(call) {}

    static void on_event(Interest& interest, Events what) noexcept {
        auto& self = static_cast<ReadyWait&>(interest);
        if ((what & events::invalid) != 0) {
            self.closed = true;
            self.waiter.resolve(Outcome::signalled);
        } else if ((what & self.wanted) != 0) {
            self.waiter.resolve(Outcome::signalled);
        } else {
            here::descriptors().keep_watching(self);  // another's event
        }
    }
};

Wait ended(Outcome outcome, bool broken) noexcept {
    switch (outcome) {
    case Outcome::interrupted:
        return Wait::interrupted;
    case Outcome::timed_out:
        return Wait::timed_out;
    default:
        return broken ? Wait::signalled : Wait::ready;
    }
}

}  // namespace

bool in_own_process() noexcept {
    return sys::process_id() == own_process().number.load(std::memory_order_relaxed) && !here::in_foreign_child();
}

Wait await_descriptor(int fd, Events what, Deadline deadline, bool restarts) noexcept {
    if (!in_own_process()) {
        return Wait::plain;
    }
    Patches::look_now_and_then(here::clock_ns());
    ReadyWait wait(what, "a patched call");
    Descriptors& descriptors = here::descriptors();
    int r = 0;
    try {
        r = descriptors.watch(fd, wait, true);
    } catch (...) {
        r = -ENOMEM;
    }
    if (r < 0) {
        errno = -r;
        return r == -EPERM ? Wait::ready : Wait::failed;  // EPERM: a regular file
    }
    const Wait how = await_notified(wait.waiter, deadline, restarts);
    descriptors.unwatch(wait);
    if (wait.closed) {
        errno = EBADF;
        return Wait::failed;
    }
    return how;
}

Wait await_notified(Waiter& waiter, Deadline deadline, bool restarts) noexcept {
    Breakable breakable(waiter, restarts);
    const Outcome outcome = here::descriptors().wait_notified_unthrown(waiter, deadline);
    breakable.unlink();
    return ended(outcome, breakable.broken);
}

Wait await_time(Deadline deadline, bool restarts) noexcept {
    Waiter waiter("a patched call");
    return await(waiter, deadline, restarts);
}

Wait await(Waiter& waiter, Deadline deadline, bool restarts) noexcept {
    Breakable breakable(waiter, restarts);
    const Outcome outcome = waiter.wait_unthrown(deadline);
    breakable.unlink();
    return ended(outcome, breakable.broken);
}

void note_eintr() noexcept {
    noted_here.get().any = false;
    noted_here.get().without_restart = false;
    noted_here.get().target = 0;
}

void expect_signal_for(std::uint64_t green_thread) noexcept {
    noted_here.get().target = green_thread;
}

void expect_no_signal() noexcept {
    if (!noted_here.get().any) {
        noted_here.get().target = 0;
    }
}

void break_off_by_signal(bool restart) noexcept {
    if (!restart) {
        noted_here.get().without_restart = true;
    }
    noted_here.get().any = true;
    here::poke();
}

}  // namespace detail

void deliver() {
    if (tendril::detail::here::has_hub()) {
        tendril::detail::here::fiber().attend({.call = "a call into C"});
    }
}

}  // namespace tendril::patch
