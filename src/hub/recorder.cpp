// SPDX-License-Identifier: MIT

#include "hub/recorder.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <tendril/detail/hub/record.hpp>

#include "hub/hub_core.hpp"

namespace tendril::detail {

using Kind = TraceEvent::Kind;

void TraceRing::add(const TraceEvent& event) {
    if (events.size() < capacity) {
        events.push_back(event);
    } else {
        events[count % capacity] = event;
    }
    ++count;
}

void TraceRing::forget_ended() {
    std::set<std::uint64_t> named;
    for (const TraceEvent& each : events) {
        named.insert(each.greenlet);
        named.insert(each.other);
    }
    std::erase_if(greenlets, [&](const auto& each) { return each.second.ended && !named.contains(each.first); });
}

Recorder::Recorder(HubCore& hub, std::shared_ptr<TraceRing> ring)
    : hub_(hub), ring_(std::move(ring)), seen_(hub.ready.end_place()) {
    const MutexLock lock(ring_->mutex);
    know(hub.main);
    if (hub.callback_fiber != nullptr) {
        know(*hub.callback_fiber);
    }
    for (const Fiber* each : hub.fibers()) {
        know(*each);
    }
    hub_.spawn_hooks.push_back(nullptr);
    hub_.add_watch(*this);
}

Recorder::~Recorder() {
    hub_.remove_watch(*this);
    std::erase(hub_.spawn_hooks, nullptr);
}

TracedGreenlet& Recorder::know(const Fiber& fiber) {
    const auto [at, added] = ring_->greenlets.try_emplace(fiber.id);
    TracedGreenlet& traced = at->second;
    if (added) {
        traced.where = fiber.where;
        traced.spawner = fiber.spawner;
        traced.main = &fiber == &hub_.main;
        traced.name = &fiber == hub_.callback_fiber ? "callbacks" : "";
    }
    traced.ended = fiber.ended;
    if (traced.name.empty() && fiber.record != nullptr) {
        traced.name = fiber.record->name;
    }
    return traced;
}

void Recorder::spawned(const Fiber& fiber) noexcept {
    try {
        const std::int64_t now = Deadline::now_ns();
        const MutexLock lock(ring_->mutex);
        if (ring_->greenlets.size() > 2 * ring_->capacity) {
            ring_->forget_ended();
        }
        const bool later = fiber.start_timer.armed();
        know(fiber).begins = !later;
        ring_->add({now, fiber.id, hub_.current->id, later ? "spawn_after" : nullptr, Kind::spawned});
    } catch (...) {  // no memory: this one is lost
    }
}

void Recorder::note_woken(std::uint64_t id, std::uint64_t by, std::int64_t now_ns) {
    if (const auto at = ring_->greenlets.find(id); at != ring_->greenlets.end() && at->second.begins) {
        at->second.begins = false;
    } else {
        ring_->add({now_ns, id, by, nullptr, Kind::woken});
    }
}

// Notes what came to the end of the run queue since the last look. `popped`: one that has already left it, by id; 0:
// none.
void Recorder::find_woken(std::uint64_t by, std::int64_t now_ns, std::uint64_t popped) {
    RunQueue& ready = hub_.ready;
    const std::size_t end = ready.end_place(), front = end - ready.size();
    if (popped != 0 && static_cast<std::ptrdiff_t>(front - seen_) > 0) {
        note_woken(popped, by, now_ns);
    }
    const std::size_t first = static_cast<std::ptrdiff_t>(front - seen_) > 0 ? front : seen_;
    for (std::size_t place = first; place != end; ++place) {
        const Fiber& fiber = ready.at(place - front);
        know(fiber);
        note_woken(fiber.id, by, now_ns);
    }
    seen_ = end;
}

void Recorder::switches(std::uint64_t to, std::int64_t now_ns) noexcept {
    try {
        const Fiber& from = *hub_.current;
        const MutexLock lock(ring_->mutex);
        know(from);
        const bool yields = from.waiter == nullptr && !from.ended;
        find_woken(from.id, now_ns, yields ? 0 : to);
        seen_ += yields ? 1 : 0;  // its own place, which it takes now
        ring_->add({now_ns, from.id, to, yields || from.ended ? nullptr : from.waiter->what,
                    from.ended ? Kind::ends
                    : yields   ? Kind::yields
                               : Kind::waits});
    } catch (...) {
    }
}

void Recorder::sleeps(std::int64_t now_ns) noexcept {
    try {
        const Fiber& from = *hub_.current;
        const MutexLock lock(ring_->mutex);
        know(from);
        find_woken(from.id, now_ns, 0);
        if (from.ended) {  // its stack is still used
            ring_->add({now_ns, from.id, 0, nullptr, Kind::ends});
        }
        ring_->add(
            {now_ns, from.ended ? 0 : from.id, 0, from.waiter != nullptr ? from.waiter->what : nullptr, Kind::sleeps});
    } catch (...) {
    }
}

void Recorder::wakes(std::int64_t now_ns) noexcept {
    try {
        const MutexLock lock(ring_->mutex);
        find_woken(0, now_ns, 0);
        ring_->add({now_ns, hub_.current->ended ? 0 : hub_.current->id, 0, nullptr, Kind::wakes});
    } catch (...) {
    }
}

}  // namespace tendril::detail
