// SPDX-License-Identifier: MIT

#include "hub/reclaim.hpp"

#include <algorithm>

#include "base/sys.hpp"
#include "hub/hub_core.hpp"

namespace tendril::detail {

namespace {
constexpr std::size_t worth_a_call = std::size_t{1} << 20;
}

bool Reclaim::surplus(const HubCore& hub) const noexcept {
    return hub.os.stacks.surplus() || hub.records.surplus() || hub.timers.surplus() || hub.descriptors.surplus() ||
           freed_bytes_ > worth_a_call;
}

std::int64_t Reclaim::due_ns(const HubCore& hub) noexcept {
    if (due_ns_ == INT64_MAX && surplus(hub)) [[unlikely]] {
        due_ns_ = hub.clock_ns + interval_ns;
    }
    return due_ns_;
}

void Reclaim::run(HubCore& hub, std::int64_t now_ns) noexcept {
    if (due_ns(hub) > now_ns) [[likely]] {
        return;
    }
    const bool idle = hub.ready.empty();
    if (!slice(hub, now_ns)) {
        due_ns_ = idle ? now_ns : now_ns + between_slices_ns;
        return;
    }
    // What was free for a whole interval has been given back.
    hub.os.stacks.age();
    hub.records.age();
    due_ns_ = surplus(hub) ? now_ns + interval_ns : INT64_MAX;
}

// Gives back one slice. Returns: whether all is done.
bool Reclaim::slice(HubCore& hub, std::int64_t now_ns) noexcept {
    const std::int64_t until = now_ns + slice_ns;
    if (!hub.os.stacks.give_back(until)) {
        return false;
    }
    const std::size_t before = hub.records.bytes();
    const bool done = hub.records.give_back(until);
    freed_bytes_ += before - hub.records.bytes();
    hub.ready.shrink(hub.live);
    if (!done || !hub.ready.empty()) {  // the rest cannot be cut into slices: some milliseconds, after a million
        return done;
    }
    const std::size_t tables = hub.timers.bytes() + hub.descriptors.bytes();
    hub.timers.give_back();
    hub.descriptors.give_back();
    freed_bytes_ += tables - std::min(tables, hub.timers.bytes() + hub.descriptors.bytes());
    if (freed_bytes_ > worth_a_call) {
        freed_bytes_ = 0;
        sys::trim_heap();
    }
    return true;
}

}  // namespace tendril::detail
