// SPDX-License-Identifier: MIT
//
// Switching, waiting and polling. How a hub begins, ends and reports is in hub_life.cpp.

#include "hub/hub_core.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <tendril/detail/base/check.hpp>

#include "base/report.hpp"
#include "base/spin.hpp"
#include "hub/here.hpp"

namespace tendril::detail {

namespace {

void tell(List<LoopEvent>& watchers) noexcept {
    for (LoopEvent* each = watchers.front(); each != nullptr; each = watchers.after(*each)) {
        each->due();
    }
}

}  // namespace

// What a yield does where a kill, a callback or an AssertSwitches wants attention. Not inlined: the usual yield needs
// no room for it on its stack.
[[gnu::noinline, gnu::cold]] void Scheduler::attend_yield(Fiber& me, bool begun) {
    if (begun) {
        me.stretch_begins();
    } else {
        me.stretch_ends();
    }
    me.attend({.call = "yield", .begun = begun});
}

[[gnu::always_inline]] inline void Scheduler::yield_inline() {
    Fiber& me = *current;
    if (me.attention != 0) [[unlikely]] {
        attend_yield(me, false);
    }
    if (--budget <= 0) [[unlikely]] {
        turn();
    }
    if (!ready.empty()) [[likely]] {
        os.observe(SwitchEvent::Kind::switched, me.id, ready.front().id);  // may throw, so before anything has changed
        switch_to(ready.rotate(me));
        TENDRIL_ASSERT(current == &me);
    }
    after_yield(me);
}

TENDRIL_OPAQUE void Scheduler::yield() {
    yield_inline();
}

TENDRIL_OPAQUE bool Scheduler::yield_unthrown() noexcept {
    Fiber& me = *current;
    if (me.attention != 0) {
        me.stretch_ends();
        if (me.must_attend()) {
            return false;
        }
    }
    if (--budget <= 0) {
        turn();
    }
    if (!ready.empty()) {
        os.observe(SwitchEvent::Kind::switched, me.id, ready.front().id);
        switch_to(ready.rotate(me));
    }
    if (me.attention != 0) {
        me.stretch_begins();
        return !me.must_attend();
    }
    return true;
}

Fiber& Scheduler::retire(Fiber& finished) noexcept {
    TENDRIL_ASSERT(&finished == current && finished.ended && finished.waiter == nullptr);
    if (--budget <= 0) [[unlikely]] {
        turn();  // here too, else short green threads that spawn their successors would starve timers
    }
    Fiber& next = next_ready();
    os.observe(SwitchEvent::Kind::switched, finished.id, next.id);
    current = &next;
    os.tree = &next.tree;
    StackTop& stack = *finished.stack;
    finished.~Fiber();  // only its registers are still to be written, on a stack that is still there
    os.stacks.release(stack);
    return next;
}

Fiber& Scheduler::poll_until_ready() {
    return HubCore::of(*this).poll_until_ready();
}

void Scheduler::turn() noexcept {
    HubCore::of(*this).turn();
}

Fiber& HubCore::poll_until_ready() {
    while (ready.empty() && !prepare()) {
        if (idlers.empty() && nothing_can_come()) {
            deliver_mail();  // what was already sent counts, even to an Async that does not keep the hub alive
            deliver_signals();
            if (ready.empty()) {
                end_of_work();
            }
            prepared_ = false;
            continue;
        }
        poll_idle();
    }
    return ready.pop();
}

// Runs the Prepare watchers before a poll. Returns: whether the poll must wait for their callbacks.
bool HubCore::prepare() noexcept {
    if (prepare_watchers.empty()) [[likely]] {
        return false;
    }
    if (!std::exchange(prepared_, true)) {
        tell(prepare_watchers);
        return true;
    }
    bool pending = false;
    prepare_watchers.for_each([&](const LoopEvent& each) { pending = pending || each.pending(); });
    return pending;
}

void HubCore::turn() noexcept {
    heartbeat.beat();
    if (chooser != nullptr) {
        turn_as_chosen();
        return;
    }
    const std::int64_t begin = Deadline::now_ns();
    budget = pace_.looked(begin);
    if (!pace_.may_ask(begin)) {
        look(begin);
        return;
    }
    if (prepare()) {
        budget = 1;
        return;
    }
    if (descriptors.registered() != 0 || in_foreign_child()) {
        ask_backend(0);
    }
    const std::int64_t end = Deadline::now_ns();
    pace_.asked(begin, end);
    look(end);
    polled();
}

// The cheap part of a turn: mail, signals, timers.
void HubCore::look(std::int64_t now_ns) noexcept {
    if (!in_foreign_child()) [[likely]] {
        deliver_mail();
    }
    deliver_signals();
    clock_ns = now_ns;
    timers.run(now_ns, ready);
}

void HubCore::turn_as_chosen() noexcept {
    budget = 1;
    const bool waits = current->waiter != nullptr || current->ended;  // else it yields, and can continue
    while (!timers.empty()) {
        const bool must = waits && ready.empty() && idlers.empty();
        if (!chooser->pass_time(timers.next_ns(), must) && !must) {
            break;
        }
        timers.run(timers.next_ns(), ready);
    }
    if (ready.size() > 1) {
        ready.bring_to_front(chooser->pick(ready.size()));
    }
}

bool HubCore::nothing_can_come() noexcept {
    return timers.only_background() && descriptors.waiting() == 0 && keeping.empty() && !mailbox->expected() &&
           !killed_daemon_waits() && !OsThread::foreign_main;
}

// Whether a daemon that was killed behind a Shield may still be woken: its killer waits for it, though its own wait
// began in the background.
bool HubCore::killed_daemon_waits() noexcept {
    bool any = false;
    if (!timers.empty() || descriptors.registered() != 0) {
        os.stacks.for_each_used([&](StackTop& stack) {
            const auto* fiber = dynamic_cast<const Fiber*>(stack.owner);
            any = any || (fiber != nullptr && fiber->daemon && fiber->kill_pending && fiber->waiter != nullptr);
        });
    }
    return any;
}

void HubCore::end_of_work() noexcept {
    if (!until_idle.empty()) {
        while (Waiter* waiter = until_idle.pop_front()) {
            waiter->resolve(Outcome::signalled);
        }
        return;
    }
    try {
        fail_main(loop_exit());
    } catch (...) {
        fail_main(std::current_exception());  // out of memory for the report
    }
}

std::span<const BackendEvent> HubCore::wait_for_events(std::int64_t timeout_ns) {
    const Heartbeat::Asleep asleep(heartbeat, timeout_ns != 0);
    if (around_sleep == nullptr || timeout_ns == 0) [[likely]] {
        return backend->wait(timeout_ns);
    }
    struct Around {
        const here::AroundSleep& calls;
        explicit Around(const here::AroundSleep& c) noexcept : calls(c) { calls.before(); }
        ~Around() { calls.after(); }
    } around(*around_sleep);
    return backend->wait(ready.empty() ? timeout_ns : 0);
}

// Not if the sleep would let others have an interpreter's lock: they may need it.
bool HubCore::may_spin() const noexcept {
    return patience_.spins() && chooser == nullptr && !collects_mail && around_sleep == nullptr;
}

// Waits without sleeping. Requires: may_spin(). Returns: whether it is done().
template <class Done>
bool HubCore::spin(std::int64_t begin_ns, std::int64_t timeout_ns, Done done) noexcept {
    const std::int64_t most = timeout_ns < 0 ? Patience::longest_ns : std::min(timeout_ns, Patience::longest_ns);
    std::int64_t spun = 0;
    bool is_done = done();
    while (!is_done && spun < most) {
        for (int i = 0; i < 8 && !is_done; ++i) {
            spin_once();
            is_done = done();
        }
        spun = Deadline::now_ns() - begin_ns;
    }
    patience_.spun(spun, is_done);
    return is_done;
}

bool HubCore::spin_until(bool (*done)(const void*), const void* object) noexcept {
    const std::int64_t begin = Deadline::now_ns();
    const std::int64_t next = timers.next_ns();
    return spin(begin, next == INT64_MAX ? -1 : std::max<std::int64_t>(next - begin, 0), [&] { return done(object); });
}

// Called when no green thread is ready: sleeps until one may be.
void HubCore::poll_idle() noexcept {
    heartbeat.beat();
    tell_watches(&SwitchWatch::sleeps);
    const bool packs = !drowsy.empty() && pack_drowsy();
    const bool may_sleep = idlers.empty() && idle_watchers.empty() && !packs;
    const bool for_mail = mailbox->expected();
    const std::int64_t next = may_sleep ? std::min(timers.latest_ns(), reclaim.due_ns(*this)) : 0;
    const std::int64_t begin = next == INT64_MAX && !for_mail ? 0 : Deadline::now_ns();
    std::int64_t timeout = next == INT64_MAX ? -1 : std::max<std::int64_t>(next - begin, 0);
    if (timeout != 0 && for_mail && may_spin() && spin(begin, timeout, [this] { return !mailbox->empty(); })) {
        turn();
        tell_watches(&SwitchWatch::wakes);
        return;
    }
    if (timeout != 0 && !mailbox->falls_asleep()) {
        timeout = 0;
    }
    if (timeout != 0 || descriptors.registered() != 0 || in_foreign_child()) {
        ask_backend(timeout);
    }
    mailbox->wakes_up();
    const std::int64_t now = Deadline::now_ns();
    budget = chooser != nullptr ? 1 : pace_.idled(now);
    slept_ns_ += next != INT64_MAX ? now - begin : 0;
    look(now);
    if (for_mail && timeout != 0) {
        patience_.slept(mailbox->rung_ns() >= begin ? mailbox->rung_ns() - begin : INT64_MAX);
    }
    if (ready.empty()) {
        let_idlers_run();
    }
    polled();
    tell_watches(&SwitchWatch::wakes);
}

// One round of what poll_until_ready() does, for a loop that is not ours. It ends with everything armed that the green
// threads wait for, so that the backend's descriptor becomes readable for it.
Deadline HubCore::turn_inside() {
    refuse_in_callback();
    come_inside();
    const bool idle = ready.empty();
    if (prepare()) {
        yield();  // the Prepare callbacks run before the poll
    }
    heartbeat.beat();
    // Also when nobody waits for a descriptor, unless there is other work: a wake-up stays readable until asked for.
    if (idle || descriptors.registered() != 0 || !mailbox->empty() || in_foreign_child()) {
        ask_backend(0);
    }
    const std::int64_t now = Deadline::now_ns();
    budget = pace_.idled(now);
    look(now);
    if (ready.empty()) {
        let_idlers_run();
    }
    polled();
    run_ready_inside();
    return next_turn();
}

void HubCore::run_ready_inside() {
    refuse_in_callback();
    if (!ready.empty()) {
        come_inside();
        yield();
    }
    backend->flush();
    set_outside(true);
}

void HubCore::set_outside(bool on) noexcept {
    if (!on) {
        come_inside();
    } else if (!outside_) {
        outside_.emplace(heartbeat, true);
        tell_watches(&SwitchWatch::sleeps);
        if (!mailbox->falls_asleep()) {
            backend->wake();
        }
    }
}

void HubCore::come_inside() noexcept {
    if (outside_) {
        outside_.reset();
        tell_watches(&SwitchWatch::wakes);
    }
}

Deadline HubCore::next_turn() noexcept {
    const bool more = !ready.empty() || !idlers.empty() || !idle_watchers.empty();
    const std::int64_t next = more ? 0 : std::min(timers.latest_ns(), reclaim.due_ns(*this));
    return next == INT64_MAX ? never : Deadline::after(next, std::chrono::nanoseconds(0));
}

// Called before the Check watchers are told: they run after each poll, and must not pass for work that is ready.
void HubCore::let_idlers_run() noexcept {
    if (Waiter* idler = idlers.pop_front(); idler != nullptr) {
        idler->resolve(Outcome::signalled);
    }
    tell(idle_watchers);
}

void HubCore::ask_backend(std::int64_t timeout_ns) noexcept {
    if (in_foreign_child()) [[unlikely]] {
        fail_main(std::make_exception_ptr(
            std::logic_error("this is the child of a fork() that tendril did not make: it would take the parent's "
                             "events away; call tendril::fork() instead, tendril::reinit() after it, or exec")));
        return;
    }
    try {
        for (const BackendEvent& event : wait_for_events(timeout_ns)) {
            descriptors.on_event(event);
        }
    } catch (...) {
        fail_main(std::current_exception());
    }
}

void HubCore::polled() noexcept {
    reclaim.run(*this, clock_ns);
    prepared_ = false;
    tell(check_watchers);
}

}  // namespace tendril::detail

// Here, to be one function with the switch: a call less.
extern "C" TENDRIL_OPAQUE void tendril_yield() {
    tendril::detail::Scheduler::here().yield_inline();
}
