// SPDX-License-Identifier: MIT
//
// The watching OS thread's closer look at a hub that seems to be stuck.
//
// If the hub's OS thread computes, a signal's handler looks (Heartbeat::look): only there can it be seen whether green
// threads are being switched, because a switch leaves no other trace. If it waits in a system call, this looks from
// outside: a signal would end sleeps and other calls early, with EINTR.

#include <pthread.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/sys.hpp"
#include "hub/blocking_watch.hpp"
#include "hub/hub_core.hpp"

namespace tendril::detail {

namespace {

template <class T>
bool copy(const void* object, std::size_t offset, T& to) noexcept {
    // NOLINTNEXTLINE(bugprone-sizeof-expression): pointers are copied too
    return copy_memory(static_cast<const char*>(object) + offset, &to, sizeof to);
}

// The classes are not of standard layout, yet simple enough for both compilers.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"

// Notes the green thread that runs there. Copies each object before it follows a pointer in it, since the green thread
// may end meanwhile.
bool sight(const Fiber* fiber, Sighting& sighting) noexcept {
    const Record* record = nullptr;
    if (!copy(fiber, offsetof(Fiber, id), sighting.greenlet) || !copy(fiber, offsetof(Fiber, where), sighting.where) ||
        !copy(fiber, offsetof(Fiber, record), record)) {
        return false;
    }
    alignas(std::string) std::array<std::byte, sizeof(std::string)> raw{};
    if (record != nullptr && copy(record, offsetof(Record, name), raw)) {
        const auto* name = reinterpret_cast<const std::string*>(raw.data());  // its text lies where the copy points
        const std::size_t size = std::min(name->size(), sighting.name.size() - 1);
        if (!copy_memory(name->data(), sighting.name.data(), size)) {
            sighting.name[0] = 0;
        }
    }
    return true;
}

}  // namespace

void BlockingWatch::look_closer(Heartbeat& hub) {
    const ThreadCall call = ThreadCall::of(hub.kernel_thread);
    Outside& outside = stuck_[&hub];
    const Look look = look_from_outside(hub, call, outside);
    if (look == Look::told || (look == Look::seen && call.state == ThreadCall::State::waits)) {
        return;
    }
    const bool told = hub.told_.load(std::memory_order_relaxed);  // then looks only for the start of another incident
    if (told && hub.watched_stuck_ % looks_per_threshold != 0) {
        return;
    }
    // The hub is in the list, so its OS thread still runs. It may begin to sleep just now, and a signal may end that
    // sleep only where the kernel does not tell whether it sleeps.
    if (call.state != ThreadCall::State::runs || !hub.watched_alarm_.set(hub.thread, hub.kernel_thread, signal_)) {
        sys::signal_thread(hub.thread, signal_);
    }
}

BlockingWatch::Look BlockingWatch::look_from_outside(Heartbeat& hub, const ThreadCall& call, Outside& outside) {
    const HubCore& core = hub.hub;
    const Fiber* current = nullptr;
    const Fiber* callbacks = nullptr;
    std::uint8_t attention = 0;
    std::size_t live = 0;
    Heartbeat::Moment moment;
    moment.beats = hub.beats_.load(std::memory_order_relaxed);
    if (!copy(&core, offsetof(HubCore, current), current) || !copy(&core, offsetof(HubCore, budget), moment.budget) ||
        !copy(&core, offsetof(HubCore, callback_fiber), callbacks) || !copy(&core, offsetof(HubCore, live), live) ||
        !copy(current, offsetof(Fiber, id), moment.greenlet) || !copy(current, offsetof(Fiber, attention), attention)) {
        return Look::unable;
    }
    const std::int64_t now = Deadline::now_ns();
    Heartbeat::Moment noted;
    if (!(moment == outside.moment)) {
        outside = {moment, now, false};
    } else if (outside.told || (hub.told_.load(std::memory_order_relaxed) &&
                                copy_memory(&hub.noted_, &noted, sizeof noted) && noted == moment)) {
        return Look::told;
    }
    if (allowed_from_outside(core, moment.greenlet, now)) {
        return Look::seen;
    }
    const bool main = current == &core.main;
    const bool harms_nobody = main && live == 0 && core.mailbox->empty();
    if (call.state != ThreadCall::State::waits || now - outside.since_ns < threshold_ns_ || harms_nobody) {
        return Look::seen;
    }
    Seen seen{hub.os_serial, {}, call.name()};
    seen.sighting.held_ns = now - outside.since_ns;
    seen.sighting.main = main;
    seen.sighting.in_callback = current == callbacks || (attention & Fiber::in_callback) != 0;
    std::array<void*, 48>& addresses = seen.sighting.addresses;
    addresses[0] = const_cast<void*>(call.address);
    seen.sighting.depth = 1 + return_addresses_on(call.stack_pointer, std::span(addresses).subspan(1));
    // If the hub went on meanwhile, the copies may be nonsense.
    if (sight(current, seen.sighting) && hub.beats_.load(std::memory_order_relaxed) == moment.beats &&
        ThreadCall::of(hub.kernel_thread) == call) {
        outside.told = true;
        seen_.push_back(std::move(seen));
    }
    return outside.told ? Look::told : Look::seen;
}

// Heartbeat::allowed(), by copies. What it misses because the list is changing it sees at the next look.
bool BlockingWatch::allowed_from_outside(const HubCore& core, std::uint64_t greenlet, std::int64_t now_ns) noexcept {
    constexpr int most = 64;
    const BlockingAllowed* each = nullptr;
    if (!copy(&core, offsetof(HubCore, blocking_allowed), each)) {
        return false;
    }
    for (int i = 0; each != nullptr && i < most; ++i) {
        std::uint64_t id = 0;
        std::int64_t until = 0;
        const BlockingAllowed* next = nullptr;
        if (!copy(each, offsetof(BlockingAllowed, greenlet_), id) ||
            !copy(each, offsetof(BlockingAllowed, until_ns_), until) ||
            !copy(each, offsetof(BlockingAllowed, next_), next)) {
            return false;
        }
        if (id == greenlet && now_ns < until) {
            return true;
        }
        each = next;
    }
    return false;
}
#pragma GCC diagnostic pop

}  // namespace tendril::detail
