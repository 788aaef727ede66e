// SPDX-License-Identifier: MIT
//
// here: what the floors above see of the hub of their OS thread. What they need besides are the other headers of its
// face: descriptor, waiter, mailbox and watcher_state; layers.txt admits no more.
//
// Where nothing else is said, the hub is there already: whoever waits or owns a descriptor has one.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <vector>

#include <tendril/error.hpp>
#include <tendril/hub.hpp>

#include "hub/hub_callback.hpp"
#include "hub/presence.hpp"
#include "hub/scheduler.hpp"

namespace tendril::detail {
class Mailbox;
}  // namespace tendril::detail

namespace tendril::detail::here {

// Makes this OS thread's hub unless there is one: for what must not outlive it. Throws: std::logic_error once it has
// ended; std::system_error when the system refuses its descriptors.
inline void make_hub() {
    Scheduler::here();
}
inline bool has_hub() noexcept {
    return Scheduler::if_any() != nullptr;
}

// The OS thread's number, which objects that belong to a hub keep. Makes the hub unless there is one.
inline std::uint64_t owner() {
    return Scheduler::here().os.serial;
}
// Throws: WrongThread, which names the object, on any other OS thread than the owner's.
inline void require_owner(const char* object, std::uint64_t owner) {
    if (owner != OsThread::current_serial()) [[unlikely]] {
        throw WrongThread(object, owner, OsThread::current_serial());
    }
}

// This process is the child of a fork(2) that was not tendril's: the hub's events are the parent's.
bool in_foreign_child() noexcept;

// ---- Time

// When the hub last looked at the clock: at its last turn.
inline std::int64_t clock_ns() {
    return Scheduler::here().clock_ns;
}
// When the hub last asked the system for events.
std::int64_t asked_ns() noexcept;

// Background timers and timers that call: see hub/timers.hpp.
inline Timers& timers() {
    return Scheduler::here().timers;
}

// ---- The running green thread

inline Fiber& fiber() {
    return *Scheduler::here().current;
}

// Throws HubBlocked inside a callback: for calls that may wait, whether they would this time or not.
inline void refuse_in_callback() {
    Scheduler::here().refuse_in_callback();
}

// A call that never has to wait would never let others run: each such call spends one switch of the hub's budget.
// Returns: whether the others' turn has come; then the caller yields.
inline bool spend_turn() {
    return --Scheduler::here().budget <= 0;
}

// Lets all that are ready run first. Throws: Interrupt, HubBlocked.
inline void yield() {
    Scheduler::here().yield();
}

// The running green thread will wait for long: gives back what of its stack lies below the caller's frame.
void give_back_stack() noexcept;

// ---- What the hub does for others

// Reports what nobody can catch: to the hub's error handler, else on standard error.
void report(const ErrorContext& context, const std::exception_ptr& error) noexcept;
bool has_error_handler() noexcept;

// The hub's own green thread will run the callback. Requires: prepare_to_post() was called before, which makes that
// green thread, and throws when there is no stack for it.
void post(HubCallback& callback) noexcept;
void prepare_to_post();

// While `presence` is linked a hub without other work sleeps instead of throwing LoopExit.
void keep_awaiting(Presence& presence) noexcept;

inline Descriptors& descriptors() {
    return Scheduler::here().descriptors;
}
const std::shared_ptr<Mailbox>& mailbox();

// Every live green thread but main and the hub's own, in the order of spawning.
std::vector<Fiber*> fibers();

// Returns: the child's number; in the child 0; -errno. Throws: HubBlocked in a callback.
pid_t fork();

}  // namespace tendril::detail::here
