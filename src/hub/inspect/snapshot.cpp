// SPDX-License-Identifier: MIT
//
// Takes the snapshot of a hub. It only reads, so a hub may take one for another OS thread while a fiber of its own is
// about to wait.

#include <tendril/snapshot.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include "base/symbol.hpp"
#include "context/backtrace.hpp"
#include "hub/here.hpp"
#include "hub/hub_core.hpp"
#include "hub/inspect/name_frames.hpp"

namespace tendril {

namespace detail {

namespace {

constexpr std::size_t most_addresses = 64;

std::vector<void*> frames_of(const Flow& flow) {
    std::array<void*, most_addresses> addresses{};
    const std::size_t n = backtrace_of(flow, addresses);
    return std::vector<void*>(addresses.begin(), addresses.begin() + static_cast<std::ptrdiff_t>(n));
}

GreenletState state_of(const Fiber& f) noexcept {
    if (f.parked()) {
        return GreenletState::waits;
    }
    if (f.start_timer.armed()) {
        return GreenletState::waits_for_start;
    }
    if (f.runs()) {
        return GreenletState::runs;
    }
    return f.started ? GreenletState::ready : GreenletState::ready_to_begin;
}

class Taker {
public:
    Taker(HubCore& hub, bool with_frames, std::uint64_t only)
        : hub_(hub), with_frames_(with_frames), only_(only), now_(Deadline::now_ns()) {}

    HubSnapshot take() {
        out_.os_thread = hub_.os.serial;
        out_.kernel_thread = hub_.heartbeat.kernel_thread;
        out_.answered = true;
        out_.backend = hub_.backend->name();
        out_.stats = hub_.facade.stats();
        if (hub_.root == &hub_.main) {  // else this is the child of a fork(), and main stayed in the parent
            add(hub_.main, GreenletKind::main);
        }
        if (hub_.callback_fiber != nullptr) {
            add(*hub_.callback_fiber, GreenletKind::hub);
        }
        firsts_ = out_.greenlets.size();
        for (const Fiber* fiber : hub_.fibers()) {
            add(*fiber, GreenletKind::spawned);
        }
        take_watchers();
        take_timers();
        take_descriptors();
        out_.scheduling = hub_.measures.info();
        return std::move(out_);
    }

private:
    void add(const Fiber& f, GreenletKind kind) {
        GreenletInfo& g = out_.greenlets.emplace_back();
        g.id = f.id;
        g.spawner = f.spawner;
        g.where = f.where;
        g.kind = kind;
        g.state = state_of(f);
        if (f.record != nullptr) {
            g.name = f.record->name;
        }
        g.daemon = f.daemon;
        g.kill_pending = f.kill_pending;
        g.shields = f.shields;
        for (const LocalValue* each = f.locals; each != nullptr; each = each->older) {
            ++g.locals;
        }
        if (g.state == GreenletState::waits) {
            g.waits_in = f.waiter->what;
            g.waited = std::chrono::nanoseconds(std::max<std::int64_t>(now_ - f.waits_since_ns, 0));
            take_holder(g, *f.waiter);
        }
        take_stack(g, f);
        const bool with_frames = with_frames_ && (only_ == 0 || only_ == f.id);
        take_contexts(g, f, with_frames);
        const bool begun = f.waiter != nullptr || (f.started && kind != GreenletKind::hub);
        if (with_frames && !f.runs() && begun) {
            g.frames = frames_of(f);
        }
        if (with_frames && hub_.spawn_frames != nullptr) {
            const auto at = hub_.spawn_frames->find(f.id);
            g.spawn_frames = at != hub_.spawn_frames->end() ? at->second : std::vector<void*>();
        }
    }

    static void take_holder(GreenletInfo& g, const Waiter& waiter) {
        if (waiter.slot_use != SlotUse::handover && waiter.slot != nullptr) {
            g.holder = *static_cast<const std::uint64_t*>(waiter.slot);
            g.holder_took_last = waiter.slot_use != SlotUse::holder;
        }
    }

    void take_stack(GreenletInfo& g, const Fiber& f) const {
        const StackBounds& bounds = f.stack != nullptr ? f.stack->bounds : hub_.os.own_stack;
        const auto* sp = static_cast<const char*>(f.runs() ? __builtin_frame_address(0) : stopped_at(f));
        const std::ptrdiff_t at = sp - static_cast<const char*>(bounds.bottom);
        g.stack_size = bounds.size;
        if (at >= 0 && static_cast<std::size_t>(at) <= bounds.size) {
            g.stack_used = bounds.size - static_cast<std::size_t>(at);
        }
    }

    static void take_contexts(GreenletInfo& g, const Fiber& f, bool with_frames) {
        for (const ContextView& each : contexts_of(f.tree)) {
            ContextInfo& c = g.contexts.emplace_back();
            c.id = each.id;
            c.parent = each.parent;
            c.where = each.where;
            c.started = each.started;
            c.running = each.running;
            c.stack_size = each.stack != nullptr ? each.stack->bounds.size : 0;
            if (with_frames && each.started && !each.running) {
                c.frames = frames_of(each.flow);
            }
        }
    }

    GreenletInfo* find(std::uint64_t id) {
        for (std::size_t i = 0; i < firsts_; ++i) {
            if (out_.greenlets[i].id == id) {
                return &out_.greenlets[i];
            }
        }
        const auto at =
            std::lower_bound(out_.greenlets.begin() + static_cast<std::ptrdiff_t>(firsts_), out_.greenlets.end(), id,
                             [](const GreenletInfo& each, std::uint64_t wanted) { return each.id < wanted; });
        return at != out_.greenlets.end() && at->id == id ? &*at : nullptr;
    }

    void take_watchers() {
        std::size_t keeping = 0;
        for (const ActiveWatcher& each : all_of(hub_.watchers)) {
            each.describe(out_.watchers.emplace_back());
        }
        for (const Described& each : all_of(hub_.asyncs)) {
            each.describe(out_.watchers.emplace_back());
        }
        for (const WatcherInfo& each : out_.watchers) {
            keeping += each.keeps_alive ? 1 : 0;
        }
        out_.awaited_elsewhere = out_.stats.keeping_alive - std::min(keeping, out_.stats.keeping_alive);
    }

    template <class T>
    static std::vector<std::reference_wrapper<const T>> all_of(const List<T>& list) {
        std::vector<std::reference_wrapper<const T>> all;
        list.for_each([&](const T& each) { all.push_back(each); });
        return all;
    }

    // A timer that calls lies on the stack of the green thread that it is for, or elsewhere.
    std::uint64_t owner_of(const Timer* timer) const {
        if (hub_.os.own_stack.contains(timer)) {
            return hub_.main.id;
        }
        const StackTop* stack = hub_.os.stacks.find(timer);
        const auto* fiber = stack != nullptr ? dynamic_cast<const Fiber*>(stack->owner) : nullptr;
        return fiber != nullptr ? fiber->id : 0;
    }

    void take_timers() {
        hub_.timers.for_each([&](std::int64_t when, const Timer* timer, const Fiber* wakes, bool keeps) {
            const std::int64_t left = when - now_;  // neither is negative
            TimerInfo& t = out_.timers.emplace_back();
            t.due = std::chrono::nanoseconds(left);
            t.greenlet = wakes != nullptr ? wakes->id : owner_of(timer);
            t.keeps_alive = keeps;
            GreenletInfo* g = t.greenlet != 0 ? find(t.greenlet) : nullptr;
            if (g != nullptr && (wakes != nullptr || g->state == GreenletState::waits_for_start)) {
                g->due = Duration(std::chrono::nanoseconds(std::max<std::int64_t>(left, 0)));
            }
        });
    }

    void take_descriptors() {
        hub_.descriptors.for_each([&](const Descriptor& d) {
            DescriptorInfo& info = out_.descriptors.emplace_back();
            info.fd = d.fd;
            info.owned = d.owned;
            d.interests.for_each([&](const Interest&) { ++info.watchers; });
            for (const auto& [waiter, id, writes] :
                 {std::tuple(d.reader, &info.reader, false), std::tuple(d.writer, &info.writer, true)}) {
                if (waiter == nullptr) {
                    continue;
                }
                *id = waiter->fiber.id;
                if (GreenletInfo* g = find(*id); g != nullptr && g->state == GreenletState::waits) {
                    g->descriptor = d.fd;
                    g->writes = writes;
                }
            }
        });
    }

    HubCore& hub_;
    const bool with_frames_;
    const std::uint64_t only_;
    const std::int64_t now_;
    HubSnapshot out_;
    std::size_t firsts_ = 0;  // the main one and the hub's own, in front
};

}  // namespace

HubSnapshot HubCore::snapshot(bool with_frames, std::uint64_t only) {
    return Taker(*this, with_frames, only).take();
}

void name_frames(HubSnapshot& snapshot, AddressNames& names) {
    const auto name = [&](const std::vector<void*>& frames, std::vector<std::string>& backtrace) {
        for (const void* each : frames) {
            backtrace.push_back(names.of(each));
        }
    };
    for (GreenletInfo& each : snapshot.greenlets) {
        name(each.frames, each.backtrace);
        name(each.spawn_frames, each.spawn_backtrace);
        for (ContextInfo& context : each.contexts) {
            name(context.frames, context.backtrace);
        }
    }
}

}  // namespace detail

HubSnapshot snapshot(SnapshotOptions options) {
    detail::HubCore& hub = detail::HubCore::here();
    if (options.scheduling) {
        hub.measures.want();
    }
    HubSnapshot taken = hub.snapshot(options.backtraces, options.only);
    if (options.backtraces) {
        detail::AddressNames names;
        detail::name_frames(taken, names);
    }
    return taken;
}

}  // namespace tendril
