// SPDX-License-Identifier: MIT
//
// What every hook asks and does: whether its caller is a green thread that may park; the waits, which throw nothing.
//
// A kill or a Timeout that is pending, or comes during a wait, ends it as `interrupted` and stays pending: the hook
// then fails with ECANCELED, and so does each further wait, until the C code has given up (patch/patch.hpp).

#pragma once

#include <sys/types.h>

#include <cerrno>
#include <cstdint>

#include <tendril/deadline.hpp>

#include "hub/descriptor.hpp"
#include "hub/here.hpp"

namespace tendril::detail {
struct Waiter;
}

namespace tendril::patch::detail {

using tendril::detail::Events;
using tendril::detail::Outcome;
namespace events = tendril::detail::events;

// What must be 0 for a call to be a green one; of this OS thread.
struct Plain {
    unsigned scopes = 0;   // PlainCalls
    unsigned signals = 0;  // signal handlers that run
};
extern constinit thread_local Plain plain_here [[gnu::tls_model("initial-exec")]];

// Within it, the calls of this OS thread are the plain ones: for hooks that call a function of the C library which
// calls others by patched slots. Must not be held across a wait.
class PlainCalls {
public:
    PlainCalls() noexcept { ++plain_here.scopes; }
    PlainCalls(const PlainCalls&) = delete;
    PlainCalls& operator=(const PlainCalls&) = delete;
    ~PlainCalls() { --plain_here.scopes; }
};

// Lives while a signal handler of the program runs.
class SignalDepth {
public:
    SignalDepth() noexcept { ++plain_here.signals; }
    SignalDepth(const SignalDepth&) = delete;
    SignalDepth& operator=(const SignalDepth&) = delete;
    ~SignalDepth() { --plain_here.signals; }
};

// Whether the caller seems to be a green thread that may park. Cheap, and enough for what blocks nobody and changes
// nothing of the hub's: it is true in the child of a vfork(2), too, which has the parent's memory.
inline bool looks_green() noexcept {
    const auto* hub = tendril::detail::Scheduler::if_any();
    return hub != nullptr && (plain_here.scopes | plain_here.signals) == 0 &&
           (hub->current->attention & tendril::detail::Fiber::in_callback) == 0 && !hub->os.observing &&
           hub->current->waiter == nullptr && !hub->current->ended;  // else it is the hub that runs, on its stack
}

// Whether this process is the one in which the hubs live: not the child of a vfork(2), nor of a fork(2) that the hub
// has not seen.
bool in_own_process() noexcept;

// Whether the caller is a green thread that may park: to be asked before a wait, and before anything of the hub's is
// changed. Otherwise the plain call is to be made.
inline bool may_park() noexcept {
    return looks_green() && in_own_process();
}

// Returns -1 with ECANCELED in errno: how a hook ends whose wait was interrupted.
inline int canceled() noexcept {
    errno = ECANCELED;
    return -1;
}

// How a wait for descriptors ended.
enum class Wait : std::uint8_t {
    ready,        // try again
    timed_out,    //
    interrupted,  // fail with ECANCELED
    signalled,    // fail with EINTR: a handler has run, and the call is one that it breaks off
    failed,       // errno says why; EBADF if the number was closed meanwhile
    plain,        // this process has no hub: make the plain call
};

// Suspends until one of the events is there, the number is closed, or the deadline. Any number of green threads may
// wait for one. `restarts`: whether the call goes on after a handler with SA_RESTART.
// Requires: looks_green().
Wait await_descriptor(int fd, Events what, Deadline deadline, bool restarts = true) noexcept;

// Suspends a waiter that Interests will resolve, until it is resolved or the deadline. Otherwise as above, but for
// closed numbers, which are for the Interests to note. Requires: may_park().
Wait await_notified(tendril::detail::Waiter& waiter, Deadline deadline, bool restarts) noexcept;

// Suspends until the deadline. Returns: timed_out, interrupted or signalled. Requires: may_park().
Wait await_time(Deadline deadline, bool restarts = false) noexcept;

// Suspends by a waiter that others may resolve. Returns: ready if one did, timed_out, interrupted or signalled.
// Requires: may_park().
Wait await(tendril::detail::Waiter& waiter, Deadline deadline, bool restarts) noexcept;

// The next signal on this OS thread is for this green thread: it ends no other one's wait.
void expect_signal_for(std::uint64_t green_thread) noexcept;
void expect_no_signal() noexcept;  // after it: if none of the program's handlers has run

// For the signal hooks: ends a wait of the green thread that a handler of the program has interrupted, as the system
// does. `restart`: SA_RESTART was set.
void break_off_by_signal(bool restart) noexcept;

// To be called when a call of this OS thread has itself failed with EINTR: then the handler breaks off no other wait.
void note_eintr() noexcept;

// Spends one switch of the hub's budget after a call that did not have to wait, and lets others run when it is their
// turn. Keeps errno.
inline void spend() noexcept {
    if (tendril::detail::here::spend_turn()) [[unlikely]] {
        const int error = errno;
        if (in_own_process()) {
            tendril::detail::Scheduler::here().yield_unthrown();
        }
        errno = error;
    }
}

}  // namespace tendril::patch::detail
