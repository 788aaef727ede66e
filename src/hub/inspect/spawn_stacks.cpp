// SPDX-License-Identifier: MIT
//
// The calls that led to each spawn, noted by a spawn hook.

#include <tendril/spawn_stacks.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

#include <tendril/spawn_hook.hpp>

#include "context/backtrace.hpp"
#include "hub/here.hpp"
#include "hub/hub_core.hpp"

namespace tendril {

using detail::HubCore;

struct SpawnStacks::State {
    HubCore& hub;
    const std::size_t most;
    HubCore::SpawnFrames frames;
    SpawnHook hook;

    State(HubCore& h, std::size_t calls)
        : hub(h), most(std::min<std::size_t>(calls, 64)),
          hook([this](const AnyGreenlet& spawned) { note(spawned.id()); }) {}

    void note(std::uint64_t id) {
        std::array<void*, 64> addresses{};
        const std::size_t n = detail::backtrace_here(std::span(addresses).first(most));
        frames[id].assign(addresses.begin(), addresses.begin() + static_cast<std::ptrdiff_t>(n));
        if (constexpr std::size_t few = 1024; frames.size() > 2 * hub.live + few) {
            forget_ended();
        }
    }

    void forget_ended() {
        HubCore::SpawnFrames live;
        for (const detail::Fiber* each : hub.fibers()) {
            if (const auto at = frames.find(each->id); at != frames.end()) {
                live.insert(std::move(*at));
            }
        }
        frames = std::move(live);
    }
};

SpawnStacks::SpawnStacks(std::size_t most_calls) {
    HubCore& hub = HubCore::here();
    if (hub.spawn_frames != nullptr) {
        throw std::logic_error("this OS thread already has SpawnStacks: one is enough");
    }
    state_ = std::make_unique<State>(hub, most_calls);
    hub.spawn_frames = &state_->frames;
}

SpawnStacks::~SpawnStacks() {
    if (HubCore* hub = HubCore::if_any(); hub == &state_->hub) {
        hub->spawn_frames = nullptr;
    }
}

}  // namespace tendril
