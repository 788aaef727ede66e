// SPDX-License-Identifier: MIT
//
// HubCore: the scheduler of one OS thread.
//
// There is no loop of its own. A green thread that must wait switches straight to the next ready one; when none is,
// it polls the backend itself, on its own stack, until one is, which may be itself: then nothing is switched at all.
// Timers and descriptor events only resolve waiters, so they may fire on any stack. What users wrote (link and Async
// callbacks) runs in the hub's own green thread, which is made when first needed.
//
// Invariants:
// 1. `current` runs; every other live fiber is ready, parked or waits for its start.
// 2. Nothing is allocated or thrown between popping a fiber from the run queue and switching to it.
// 3. A finished fiber's stack is released just before it is left; nothing that could acquire it runs in between.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tendril/detail/base/list.hpp>
#include <tendril/error.hpp>
#include <tendril/hub.hpp>
#include <tendril/spawn_hook.hpp>

#include "base/at_fork.hpp"
#include "context/os_thread.hpp"
#include "hub/backend.hpp"
#include "hub/descriptor.hpp"
#include "hub/fiber.hpp"
#include "hub/heartbeat.hpp"
#include "hub/mailbox.hpp"
#include "hub/pace.hpp"
#include "hub/reclaim.hpp"
#include "hub/record_cache.hpp"
#include "hub/run_queue.hpp"
#include "hub/signals.hpp"
#include "hub/timers.hpp"
#include "hub/waiter.hpp"

namespace tendril::detail {

class FileWatches;
struct HubCore;

// Of something that a hub must know to be there, in one of its lists while it is.
struct Presence : ListNode {};

// Something that a user wrote and that the hub's own green thread shall run.
class HubCallback : public ListNode {
public:
    virtual void run(HubCore& hub) noexcept = 0;  // reports what the user's code throws
    virtual void forked() noexcept {}             // in the child, in the list: leaves it if it is the parent's alone

protected:
    ~HubCallback() = default;
};

// A watcher that is active: see hub/watchers/watcher_state.hpp.
class ActiveWatcher : public ListNode {
public:
    virtual void hub_ended() noexcept = 0;
    virtual void forked() noexcept = 0;  // in the child

protected:
    ~ActiveWatcher() = default;
};

// A watcher of what the hub does itself, in one of its lists.
class LoopEvent : public ListNode {
public:
    virtual void due() noexcept = 0;
    virtual bool pending() const noexcept = 0;

protected:
    ~LoopEvent() = default;
};

// Decides the order of events in place of the hub: for tests that try every order. Asked before every switch. Time
// passes then from deadline to deadline, as it says, whatever the clock; descriptors are looked at only when nothing is
// ready and no timer is armed.
class Chooser {
public:
    // Shall it be as late as the next deadline now? `must`: nothing else can happen, so it will, whatever the answer.
    virtual bool pass_time(std::int64_t next_ns, bool must) noexcept = 0;
    virtual std::size_t pick(std::size_t ready) noexcept = 0;  // who runs next, of two or more

protected:
    ~Chooser() = default;
};

struct HubCore {
    OsThread& os;
    const ThreadWords words;  // the OS thread's, at hand
    Fiber* current = &main;
    RunQueue ready;
    std::uint64_t generation = fork_generation();
    int budget = 1;                              // switches until the next look at the clock and the backend
    std::int64_t clock_ns = Deadline::now_ns();  // when it last looked

    Timers timers;
    std::unique_ptr<Backend> backend;
    Descriptors descriptors{*this};
    std::shared_ptr<Mailbox> mailbox;
    List<Presence> asyncs;   // that live
    List<Presence> keeping;  // a hub without other work asleep, instead of failing
    RecordCache records;
    Reclaim reclaim;  // of what a burst has left
    List<HubCallback> callbacks;
    std::unique_ptr<Signals> signals;         // once a signal is watched
    std::weak_ptr<FileWatches> file_watches;  // while a file is
    Fiber* callback_fiber = nullptr;          // runs them; parked when there are none
    std::size_t live = 0;                     // fibers spawned and not ended, without main and callback_fiber
    std::uint64_t ends = 0;                   // of fibers, so far
    List<Waiter> idlers;                      // resumed one by one when nothing else is ready
    List<Waiter> until_idle;                  // in run_until_idle(): resumed in place of a LoopExit
    List<ActiveWatcher> watchers;
    List<LoopEvent> idle_watchers;
    List<LoopEvent> prepare_watchers;
    List<LoopEvent> check_watchers;
    List<LoopEvent> fork_watchers;
    Waiter* all_ended = nullptr;  // resolved when live becomes 0
    std::exception_ptr fatal;     // to be thrown in main, masked or not: LoopExit, a broken backend
    ErrorHandler error_handler;
    std::vector<std::shared_ptr<const SpawnHook::Callback>> spawn_hooks;
    Chooser* chooser = nullptr;
    Fiber* root = &main;  // whose end is the program's; in the child of a fork(), the one that forked
    Hub facade{*this};
    Fiber main;
    Heartbeat heartbeat{*this};  // last: nobody outside sees a hub that is half made or half gone

    explicit HubCore(std::unique_ptr<Backend> chosen);
    HubCore(const HubCore&) = delete;
    HubCore& operator=(const HubCore&) = delete;
    ~HubCore();

    // This OS thread's, made on first use.
    static HubCore& here() {
        if (here_ == nullptr) [[unlikely]] {
            make();
        }
        return *here_;
    }
    static HubCore* if_any() noexcept { return here_; }
    static void make();
    static void use_backend(std::string_view name);
    static void require_here(const char* object, std::uint64_t owner) {  // throws WrongThread
        if (owner != OsThread::current_serial()) [[unlikely]] {
            throw WrongThread(object, owner, OsThread::current_serial());
        }
    }

    // Throws HubBlocked inside a callback: for calls that may wait, whether they would this time or not.
    void refuse_in_callback() const {
        if ((current->attention & Fiber::in_callback) != 0) [[unlikely]] {
            current->attend();
        }
    }

    // Lets all that are ready run first. Throws: Interrupt, HubBlocked.
    void yield();

    // Leaves the running fiber, whose waiter is set, until that is resolved. Inline, with the switch in it: each
    // return between the switch and the green thread's own code is one that the processor may predict wrongly, because
    // it was another green thread that called.
    void park();
    Fiber& leave_for_next() noexcept;  // park(), but for the jump itself

    // For the finished fiber, which runs: gives its stack back. Returns: who shall be switched to, at once.
    Fiber& retire(Fiber& finished) noexcept;

    // The hub's green thread will run it. have_callback_fiber() must have been called before; it throws when there is
    // no stack.
    void post(HubCallback& callback) noexcept;
    void have_callback_fiber();
    Signals& have_signals();
    void report(const ErrorContext& context, const std::exception_ptr& error) noexcept;
    void run_spawn_hooks(Fiber& spawned) noexcept;
    AnyGreenlet handle_of(Fiber& fiber);  // makes a record if it has none

    // The running green thread will wait for long: gives back what of its stack lies below the caller's frame.
    void give_back_stack() noexcept;

    // Returns: the child's number; in the child 0; -errno. Throws: HubBlocked in a callback.
    pid_t fork();
    [[noreturn]] void
    end_of_child(const std::exception_ptr& error) noexcept;  // the green thread that forked ended there
    // Is this the child of a fork(2) that was not ours?
    bool in_foreign_child() const noexcept { return generation != fork_generation(); }

    // When the backend was asked last.
    std::int64_t asked_ns() const noexcept { return pace_.asked_ns(); }

    // Every live fiber but main and the hub's own, in the order of spawning.
    std::vector<Fiber*> fibers();
    // At most so many lines; what comes after them is counted, equal ones together.
    void describe_fibers(std::ostream& out, DumpOptions options, std::size_t most_lines = SIZE_MAX);

private:
    void switch_to(Fiber& next);
    Fiber& next_ready();
    Fiber& poll_until_ready();
    void turn() noexcept;  // the budget is spent
    void look(std::int64_t now_ns) noexcept;
    void turn_as_chosen() noexcept;
    void poll_idle() noexcept;
    void ask_backend(std::int64_t timeout_ns) noexcept;
    void polled() noexcept;
    bool nothing_can_come() const noexcept;
    void end_of_work() noexcept;  // nobody can be woken any more
    bool prepare() noexcept;
    std::span<const BackendEvent> wait_for_events(std::int64_t timeout_ns);
    std::exception_ptr loop_exit();
    void fail_main(std::exception_ptr error) noexcept;
    bool fails_main(const std::exception_ptr& error) noexcept;
    void deliver_mail() noexcept;
    void deliver_signals() noexcept {
        if (signals != nullptr) {
            signals->deliver();
        }
    }
    void run_callbacks();
    void end_all() noexcept;
    void kill_all() noexcept;
    void let_all_run(std::int64_t span_ns) noexcept;
    void begin_in_child() noexcept;
    void freeze_others() noexcept;
    void take_back_handed() noexcept;
    void forget_others() noexcept;
    void abandon_rest() noexcept;
    void run_spawn_hook(const SpawnHook::Callback& hook, const AnyGreenlet& greenlet) noexcept;

    bool prepared_ = false;  // the Prepare watchers have been told since the last poll
    Pace pace_{clock_ns};
    std::int64_t slept_ns_ = 0;  // with something to wake for

    struct Owner;
    static constinit thread_local HubCore* here_ [[gnu::tls_model("initial-exec")]];
};

// Small and on every path, hence here, where all types are known.

[[gnu::always_inline]] inline void HubCore::switch_to(Fiber& next) {
    Fiber& from = *current;
    current = &next;
    os.tree = &next.tree;
    switch_flow(words, os.here, from, next);
}

[[gnu::always_inline]] inline Fiber& HubCore::next_ready() {
    if (ready.empty()) [[unlikely]] {
        return poll_until_ready();
    }
    return ready.pop();
}

[[gnu::always_inline]] inline Fiber& HubCore::leave_for_next() noexcept {
    if (--budget <= 0) [[unlikely]] {
        turn();
    }
    Fiber& from = *current;
    Fiber& next = next_ready();
    if (&next != &from) {
        os.observe(SwitchEvent::Kind::switched, from.id, next.id);
        current = &next;
        os.tree = &next.tree;
        exchange_state(words, from, next);
    }
    return next;
}

[[gnu::always_inline]] inline void HubCore::park() {
    if (--budget <= 0) [[unlikely]] {
        turn();
    }
    Fiber& next = next_ready();
    if (&next != current) {
        os.observe(SwitchEvent::Kind::switched, current->id, next.id);
        switch_to(next);
    }
}

inline bool Fiber::runs() const noexcept {
    return hub.current == this;
}

inline bool Waiter::plainly_open() const noexcept {
    return outcome == Outcome::waiting && !fiber.hub.timers.fired(*this);
}

inline bool Waiter::open() const noexcept {
    return plainly_open() || (outcome == Outcome::stands_in && whole_open());
}

inline Waiter::Waiter(const char* w) : Timer(nullptr), fiber(*HubCore::here().current), what(w) {}

inline void Waiter::prepare(Deadline deadline) {
    if ((fiber.attention | static_cast<std::uint8_t>(fiber.hub.os.observing)) != 0) [[unlikely]] {
        attend_first();
    }
    if (!deadline.is_never()) {
        fiber.hub.timers.arm_waking(*this, fiber, deadline.ns());
    }
}

inline void Waiter::note() noexcept {
    fiber.waiter = this;
    fiber.waits_since_ns = fiber.hub.clock_ns;
    suspended_ = true;
}

inline void Waiter::resumed() noexcept {
    fiber.waiter = nullptr;
    if (outcome == Outcome::waiting) {
        outcome = Outcome::timed_out;  // by the note in the timers: who else would have made it ready
    }
    fiber.hub.timers.cancel(*this);
}

[[gnu::always_inline]] inline void Waiter::suspend() {
    note();
    fiber.hub.park();
    resumed();
}

inline Outcome Waiter::settle() {
    if (fiber.attention != 0) [[unlikely]] {
        attend_afterwards();
    }
    return outcome;
}

[[gnu::always_inline]] inline Outcome Waiter::wait_inline(Deadline deadline) {
    if (outcome == Outcome::waiting) [[likely]] {  // else what it waits for came before it waited
        prepare(deadline);
        suspend();
    }
    return settle();
}

inline bool Waiter::resolve(Outcome with) noexcept {
    return open() && decide(with);
}

inline bool Waiter::decide(Outcome with) noexcept {
    if (outcome == Outcome::stands_in) [[unlikely]] {
        return resolve_whole(with);
    }
    outcome = with;
    if (suspended_) [[likely]] {
        HubCore& hub = fiber.hub;
        hub.timers.cancel(*this);  // which would make it ready once more, if it came before its turn
        hub.ready.push(fiber);
    }
    return true;
}

}  // namespace tendril::detail
