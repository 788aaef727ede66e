// SPDX-License-Identifier: MIT
//
// HubCore: all of the hub of one OS thread, for the floor hub alone; the floors above see hub/here.hpp. What switches
// and waits is its Scheduler; this adds where events come from, and what runs because of them.
//
// Timers and descriptor events only resolve waiters, so they may fire on any stack. User code (link and Async
// callbacks) runs in the hub's own green thread, which is made when first needed.
//
// Its OS thread owns all of it but the Mailbox and the Heartbeat, whose headers say what other OS threads may touch.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tendril/detail/base/list.hpp>
#include <tendril/error.hpp>
#include <tendril/hub.hpp>
#include <tendril/spawn_hook.hpp>

#include "base/at_fork.hpp"
#include "base/patience.hpp"
#include "hub/active_watcher.hpp"
#include "hub/backend.hpp"
#include "hub/chooser.hpp"
#include "hub/descriptor.hpp"
#include "hub/drowsy.hpp"
#include "hub/heartbeat.hpp"
#include "hub/hub_callback.hpp"
#include "hub/loop_event.hpp"
#include "hub/mailbox.hpp"
#include "hub/measures.hpp"
#include "hub/pace.hpp"
#include "hub/presence.hpp"
#include "hub/reclaim.hpp"
#include "hub/record_cache.hpp"
#include "hub/recorder.hpp"
#include "hub/scheduler.hpp"
#include "hub/signals.hpp"
#include "hub/switch_watch.hpp"
#include "hub/waiter.hpp"

namespace tendril {
class BlockingAllowed;
struct HubSnapshot;
}  // namespace tendril

namespace tendril::detail {

class FileWatches;

namespace here {
struct AroundSleep;
}

struct HubCore final : Scheduler {
    std::uint64_t generation = fork_generation();

    // Where events come from.
    std::unique_ptr<Backend> backend;
    Descriptors all_descriptors{*this};
    std::shared_ptr<Mailbox> mailbox;
    List<Drowsy> drowsy;               // those whose stacks are to be packed away
    std::unique_ptr<Signals> signals;  // once a signal is watched
    struct Poked final : SignalNode {
        void (*call)() noexcept = nullptr;
        void came() noexcept override { call(); }
    } poked;                                  // see here::when_poked()
    std::weak_ptr<FileWatches> file_watches;  // while a file is
    List<Described> asyncs;                   // the live ones
    List<Presence> keeping;  // while not empty, a hub without other work sleeps instead of throwing LoopExit

    // The green threads.
    std::size_t live = 0;         // spawned and not ended; not counting main and callback_fiber
    std::size_t outliving = 0;    // of these: see here::outlive_hub()
    std::uint64_t ends = 0;       // so far
    List<Waiter> idlers;          // resumed one by one when nothing else is ready
    List<Waiter> until_idle;      // in run_until_idle(): resumed in place of a LoopExit
    Waiter* all_ended = nullptr;  // resolved when live becomes 0
    Fiber* root = &main;          // its end is the program's; in the child of a fork(), the one that forked
    std::exception_ptr fatal;     // to be thrown in root, even if masked: LoopExit, a broken backend

    std::int64_t postponed_ns = 0;  // in all, by Hub::resume()
    std::int64_t suspended_ns = 0;  // since when: Hub::suspend(); 0: not

    // What users registered.
    List<HubCallback> callbacks;
    bool priorities = false;          // a watcher with a priority was made
    Fiber* callback_fiber = nullptr;  // runs them; parked when there are none
    List<ActiveWatcher> watchers;
    List<LoopEvent> idle_watchers;
    List<LoopEvent> prepare_watchers;
    List<LoopEvent> check_watchers;
    List<LoopEvent> fork_watchers;
    List<LoopEvent> cleanup_watchers;
    ErrorHandler error_handler;
    std::vector<std::shared_ptr<const SpawnHook::Callback>> spawn_hooks;
    using SpawnFrames = std::unordered_map<std::uint64_t, std::vector<void*>>;
    const SpawnFrames* spawn_frames = nullptr;  // while there are SpawnStacks

    // Memory.
    RecordCache records;
    Reclaim reclaim;  // of the memory that a burst has left

    // Who looks on. While there is none, a switch pays nothing for it.
    List<SwitchWatch> switch_watches;
    Measures measures{*this};
    std::unique_ptr<Recorder> recorder;  // while a trace is recorded

    bool collects_mail = false;                       // see Hub::set_collect_intervals()
    const here::AroundSleep* around_sleep = nullptr;  // nullptr: nothing is to be called

    Chooser* chooser = nullptr;
    BlockingAllowed* blocking_allowed = nullptr;  // of all its green threads. Signal handlers read the list
    Hub facade{*this};
    Fiber main;
    Heartbeat heartbeat{*this};  // last: no other OS thread sees a hub half made or half gone

    explicit HubCore(std::unique_ptr<Backend> chosen);
    HubCore(const HubCore&) = delete;
    HubCore& operator=(const HubCore&) = delete;
    ~HubCore();

    // Every Scheduler is the base of a HubCore.
    static HubCore& of(Scheduler& scheduler) noexcept { return static_cast<HubCore&>(scheduler); }
    static HubCore& of(const Fiber& fiber) noexcept { return of(fiber.hub); }

    // This OS thread's, made on first use.
    static HubCore& here() { return of(Scheduler::here()); }
    static HubCore* if_any() noexcept { return static_cast<HubCore*>(Scheduler::if_any()); }
    static void use_backend(std::string_view name);
    static void use_error_handler(ErrorHandler handler);  // in hubs without one of their own
    static bool has_common_error_handler();

    // Queues the callback for the hub's own green thread. Requires: have_callback_fiber() was called before; it throws
    // if there is no stack.
    void post(HubCallback& callback) noexcept;
    void have_callback_fiber();
    // Sets its place among those due together. Throws: std::invalid_argument if out of bounds.
    void set_rank(HubCallback& callback, int priority);
    Signals& have_signals();
    void report(const ErrorContext& context, const std::exception_ptr& error) noexcept;
    void run_spawn_hooks(Fiber& spawned) noexcept;
    AnyGreenlet handle_of(Fiber& fiber);  // makes its record unless it has one

    // Forks. Returns: the child's number; in the child 0; -errno. Throws: HubBlocked in a callback.
    pid_t fork();
    void reinit();  // does in the child of another's fork what fork() does in its own. Requires: in_foreign_child()
    [[noreturn]] void
    end_of_child(const std::exception_ptr& error) noexcept;  // when the green thread that forked ends there
    // Whether this is the child of a fork(2) that was not ours.
    bool in_foreign_child() const noexcept { return generation != fork_generation(); }

    // Of Hub, for a loop around it.
    Deadline turn_inside();
    void run_ready_inside();
    Deadline next_turn() noexcept;
    void set_outside(bool on) noexcept;

    // What the environment asks for: in hub/inspect/.
    void record_if_asked() noexcept;
    static void open_inspection_if_asked() noexcept;
    void add_watch(SwitchWatch& watch) noexcept;
    void remove_watch(SwitchWatch& watch) noexcept;
    bool may_spin() const noexcept;
    bool spin_until(bool (*done)(const void*), const void* object) noexcept;  // see here::spin_until()

    // When the backend was asked last.
    std::int64_t asked_ns() const noexcept { return pace_.asked_ns(); }

    // Returns every live fiber but main and the hub's own, in the order of spawning.
    std::vector<Fiber*> fibers();
    // What it is doing, for snapshots and the dump: with the return addresses of its fibers, but not their names.
    // `only`: those of this fiber alone.
    HubSnapshot snapshot(bool with_frames, std::uint64_t only = 0);
    // Writes a snapshot as a dump, in most_lines lines at most for the fibers; counts those beyond them, equal ones
    // together.
    static void write(std::ostream& out, const HubSnapshot& snapshot, DumpOptions options,
                      std::size_t most_lines = SIZE_MAX);

private:
    friend struct Scheduler;
    Fiber& poll_until_ready();
    void turn() noexcept;
    void look(std::int64_t now_ns) noexcept;
    void turn_as_chosen() noexcept;
    void poll_idle() noexcept;
    void come_inside() noexcept;
    static void on_switch(const SwitchEvent& event) noexcept;
    void tell_watches(void (SwitchWatch::*what)(std::int64_t now_ns) noexcept) noexcept {
        if (!switch_watches.empty()) [[unlikely]] {
            tell_each_watch(what);
        }
    }
    void tell_each_watch(void (SwitchWatch::*what)(std::int64_t now_ns) noexcept) noexcept;
    template <class Done>
    bool spin(std::int64_t begin_ns, std::int64_t timeout_ns, Done done) noexcept;
    void let_idlers_run() noexcept;
    bool pack_drowsy() noexcept;
    void ask_backend(std::int64_t timeout_ns) noexcept;
    void polled() noexcept;
    bool nothing_can_come() noexcept;
    bool killed_daemon_waits() noexcept;
    void end_of_work() noexcept;  // called when no event can wake any green thread
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
    void sort_callbacks() noexcept;
    void drop_callbacks() noexcept;
    void end_all() noexcept;
    void run_cleanups() noexcept;
    void kill_all() noexcept;
    void let_all_run(std::int64_t span_ns) noexcept;
    void begin_in_child() noexcept;
    void freeze_others() noexcept;
    void take_back_handed() noexcept;
    void forget_others() noexcept;
    void abandon_rest() noexcept;
    void run_spawn_hook(const SpawnHook::Callback& hook, const AnyGreenlet& greenlet) noexcept;

    bool prepared_ = false;  // the Prepare watchers have run since the last poll
    Pace pace_{clock_ns};
    Patience patience_;                         // with other OS threads
    std::int64_t slept_ns_ = 0;                 // in all, in sleeps that a timer or an event could end
    std::optional<Heartbeat::Asleep> outside_;  // between turns in another loop

    struct Owner;
};

}  // namespace tendril::detail
