// SPDX-License-Identifier: MIT
//
// Fiber: the control block of a green thread. It lies at the top of the stack that it controls:
//
//    ... the stack grows down | closure | Fiber | StackTop | colour |
//
// Where a fiber is at any time:
//   waits for its start      start_timer is armed
//   ready                    in the hub's run queue; begun or not
//   runs                     hub.current
//   parked                   waiter != nullptr, and not resolved yet
// It is in the run queue at most once: resolving its waiter, or starting it, puts it there.

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>

#include <tendril/assert_switches.hpp>
#include <tendril/detail/base/check.hpp>
#include <tendril/detail/base/list.hpp>
#include <tendril/detail/hub/expiry.hpp>
#include <tendril/detail/hub/inherited.hpp>
#include <tendril/detail/hub/local_value.hpp>
#include <tendril/detail/hub/spawn.hpp>
#include <tendril/detail/hub/timer.hpp>

#include "context/os_thread.hpp"

namespace tendril::detail {

struct Scheduler;
struct Waiter;

struct StartTimer : Timer {
    Fiber& fiber;
    explicit StartTimer(Fiber& f) noexcept : Timer(&StartTimer::due), fiber(f) {}
    static void due(Timer& timer) noexcept;
};

struct Fiber final : Flow, StackOwner {
    // Why the slow path is taken before a wait and after it; 0 on the fast path.
    enum Attention : std::uint8_t { interrupted = 1, in_callback = 2, asserting = 4 };
    std::uint8_t attention = 0;
    bool started = false;
    bool ended = false;  // but its stack was not left yet
    bool kill_pending = false;
    bool outlives_hub = false;  // see here::outlive_hub()
    bool daemon = false;        // its waits hide neither LoopExit nor idle; never changes while it waits
#if TENDRIL_CHECKS
    bool queued = false;  // in the run queue
#endif
    std::uint32_t shields = 0;

    Waiter* waiter = nullptr;
    std::int64_t waits_since_ns = 0;  // the hub's clock when the waiter was noted
    Scheduler& hub;
    const std::uint64_t id;
    const std::uint64_t spawner;  // id
    Site where;
    StackTop* stack = nullptr;  // nullptr: the OS thread's own
    Record* record = nullptr;   // nullptr: no handle refers to it
    Enter enter = nullptr;
    void* closure = nullptr;
    std::exception_ptr kill_error;  // nullptr: GreenletExit
    List<Expiry> expiries;
    LocalValue* locals = nullptr;                // the values of its Locals, youngest first; destroyed at its end
    InheritedPtr inherited;                      // the values of its ContextLocals
    AssertSwitches* asserts_switches = nullptr;  // the innermost; `asserting` is set while there is one
    StartTimer start_timer{*this};
    ContextTree tree;

    Fiber(Scheduler& h, std::uint64_t number, std::uint64_t spawned_by, Site site) noexcept
        : hub(h), id(number), spawner(spawned_by), where(site), tree(number) {}
    // With what a green thread has of the one that spawns it.
    Fiber(Scheduler& h, std::uint64_t number, const Fiber& parent, const SpawnOptions& options) noexcept
        : daemon((options.daemon | parent.daemon) != 0),  // without a branch
          hub(h), id(number), spawner(parent.id), where(options.where), inherited(parent.inherited), tree(number) {
        if (parent.has_own_environment()) [[unlikely]] {
            have_own_environment();
        }
    }
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    bool runs() const noexcept;
    bool parked() const noexcept;

    // What its end must destroy: raw contexts, Locals, ContextLocals. One test for all three.
    bool has_values() const noexcept {
        return (reinterpret_cast<std::uintptr_t>(tree.root) | reinterpret_cast<std::uintptr_t>(locals) |
                reinterpret_cast<std::uintptr_t>(inherited.get())) != 0;
    }

    // Whether an interrupt may be thrown into it now.
    bool interruptible() const noexcept;
    bool must_attend() const noexcept;  // whether attend() would throw
    bool unwinds() const noexcept;      // it does, or a raw context inside it

    // Makes it throw GreenletExit, or `error`, when it next runs. First come, first served: a second kill before that
    // is dropped.
    void kill(std::exception_ptr error) noexcept;
    void expire(Expiry& expiry) noexcept;
    void withdraw(Expiry& expiry) noexcept;

    // For AssertSwitches: called when it is about to wait or yield, and when it goes on.
    void stretch_ends() noexcept;
    void stretch_begins() noexcept;

    // Throws the pending interrupt, if there is one and it may be thrown. A Timeout's text names this wait.
    void attend(const BrokenWait& wait);

    std::size_t describe(char* out, std::size_t size) const noexcept override;

private:
    void interrupt() noexcept;
    void settle_attention() noexcept;
};

}  // namespace tendril::detail
