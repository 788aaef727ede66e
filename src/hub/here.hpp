// SPDX-License-Identifier: MIT
//
// here: what the floors above see of the hub of their OS thread. The other headers of its face are descriptor, waiter,
// mailbox and watcher_state; layers.txt admits no more.
//
// Where nothing else is said, the hub must already exist: a caller that waits or owns a descriptor has one.

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

// Makes this OS thread's hub unless it exists, for objects that must not outlive it. Throws: std::logic_error after the
// hub has ended; std::system_error if the system refuses its descriptors.
inline void make_hub() {
    Scheduler::here();
}
// For a process whose main() knows nothing of this library: SIGINT stays the program's, exit() unwinds no green
// thread of the first OS thread, and a hub without anything to wait for sleeps. Requires: no hub exists yet.
inline void expect_foreign_main() noexcept {
    OsThread::foreign_main = true;
}
inline bool has_hub() noexcept {
    return Scheduler::if_any() != nullptr;
}

// Returns the OS thread's number, which objects that belong to a hub keep. Makes the hub unless it exists.
inline std::uint64_t owner() {
    return Scheduler::here().os.serial;
}
// Throws: WrongThread, which names the object, on any other OS thread than the owner's.
inline void require_owner(const char* object, std::uint64_t owner) {
    if (owner != OsThread::current_serial()) [[unlikely]] {
        throw WrongThread(object, owner, OsThread::current_serial());
    }
}

// Whether this process is the child of a fork(2) that was not tendril's: the hub's events are then the parent's.
bool in_foreign_child() noexcept;

// ---- Time

// When the hub last looked at the clock: at its last turn.
inline std::int64_t clock_ns() {
    return Scheduler::here().clock_ns;
}
// When the hub last asked the system for events.
std::int64_t asked_ns() noexcept;

// For background timers and timers that call: see hub/timers.hpp.
inline Timers& timers() {
    return Scheduler::here().timers;
}

// ---- The running green thread

inline Fiber& fiber() {
    return *Scheduler::here().current;
}

// How long ago its present wait began, or its last one: for the TimeoutError that says so.
inline std::int64_t waited_ns() {
    return Deadline::now_ns() - fiber().waits_since_ns;
}

// Throws HubBlocked inside a callback: for calls that may wait, even if they would not wait this time.
inline void refuse_in_callback() {
    Scheduler::here().refuse_in_callback();
}

// Spends one switch of the hub's budget, so that a call that never has to wait still lets others run.
// Returns: whether it is the others' turn; the caller then yields.
inline bool spend_turn() {
    return --Scheduler::here().budget <= 0;
}

// Lets every ready green thread run first. Throws: Interrupt, HubBlocked.
inline void yield() {
    Scheduler::here().yield();
}

// Gives back the part of the running green thread's stack below the caller's frame: for a green thread that will wait
// long.
void give_back_stack() noexcept;

// Whether the running green thread outlives its hub: no kill reaches it, and the hub's end neither waits for it nor
// reports it, but leaves it suspended. For threads of C code, which expect to run until the process ends.
void outlive_hub(bool on) noexcept;
// The same for every green thread of this hub but the main one, whatever it does: for an interpreter that ends.
void leave_all_suspended() noexcept;

// ---- What the hub does for others

// Reports an error that no code can catch: to the hub's error handler, else on standard error.
void report(const ErrorContext& context, const std::exception_ptr& error) noexcept;
bool has_error_handler() noexcept;

// Calls `f` in this hub, like a Letter's arrive(), soon after each poke(), until the hub ends: for what the handler of
// a signal has noted, if it is not one of tendril's. One such function in each hub; to be called again in the child of
// a fork(), and cheap if it is still known. Throws: std::bad_alloc.
void when_poked(void (*f)() noexcept);
void poke() noexcept;  // in all hubs that have such a function. Async-signal-safe

// What the hub calls before and after each time that it asks the system to wait: for a lock of the OS thread's, such as
// an interpreter's, that others should have meanwhile. Neither may wait; both may make green threads ready.
struct AroundSleep {
    void (*before)() noexcept;
    void (*after)() noexcept;
};
void around_sleep(const AroundSleep* calls) noexcept;  // nullptr: nothing; lives as long as the hub

// Queues the callback for the hub's own green thread. Requires: prepare_to_post() was called before; it makes that
// green thread, and throws if there is no stack for it.
void post(HubCallback& callback) noexcept;
void prepare_to_post();

// While `presence` is linked, a hub without other work sleeps instead of throwing LoopExit. For a wait of the running
// green thread: does nothing if that is a daemon.
void keep_awaiting(Presence& presence) noexcept;

inline Descriptors& descriptors() {
    return Scheduler::here().descriptors;
}
const std::shared_ptr<Mailbox>& mailbox();

// Whether a green thread that must wait for another OS thread does better to spin for a moment: the hub has nothing
// else to do, and such waits have been short of late (Patience). false where there is no hub.
bool may_spin() noexcept;
// Requires: may_spin(). Returns: whether it is done().
bool spin_until(bool (*done)(const void* object), const void* object) noexcept;

// Returns every live green thread but main and the hub's own, in the order of spawning.
std::vector<Fiber*> fibers();

// Forks. Returns: the child's number; in the child 0; -errno. Throws: HubBlocked in a callback.
pid_t fork();

// In the child of a fork(2) that was not tendril's: makes the hub fresh, with the calling green thread only. Elsewhere
// does nothing. Throws: HubBlocked in a callback; std::bad_alloc.
void reinit();

}  // namespace tendril::detail::here
