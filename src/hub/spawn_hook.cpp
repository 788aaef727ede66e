// SPDX-License-Identifier: MIT

#include <tendril/spawn_hook.hpp>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

#include "base/report.hpp"
#include "hub/hub_core.hpp"

namespace tendril {

using detail::HubCore;

SpawnHook::SpawnHook(Callback callback) {
    if (!callback) {
        throw std::invalid_argument("a SpawnHook needs a callback; this one is empty");
    }
    callback_ = std::make_shared<const Callback>(std::move(callback));
    HubCore& hub = HubCore::here();
    hub.spawn_hooks.push_back(callback_);
    owner_ = hub.os.serial;
}

SpawnHook::~SpawnHook() {
    if (owner_ != detail::OsThread::current_serial()) {
        detail::report("a SpawnHook was destroyed on an OS thread other than its own; its own hub still calls it");
        return;
    }
    if (HubCore* hub = HubCore::if_any(); hub != nullptr) {
        std::erase(hub->spawn_hooks, callback_);
    }
}

void HubCore::run_spawn_hooks(Fiber& spawned) noexcept {
    if (recorder != nullptr) {
        recorder->spawned(spawned);
        if (spawn_hooks.size() == 1) {  // its own mark
            return;
        }
    }
    const std::uint8_t before = current->attention;
    current->attention |= Fiber::in_callback;
    try {
        const AnyGreenlet greenlet = handle_of(spawned);
        for (const auto& hook : std::vector(spawn_hooks)) {  // a copy: hooks may be added and removed meanwhile
            if (hook != nullptr && std::find(spawn_hooks.begin(), spawn_hooks.end(), hook) != spawn_hooks.end()) {
                run_spawn_hook(*hook, greenlet);
            }
        }
    } catch (const std::bad_alloc&) {
        tendril::detail::report("no memory to run the spawn hooks", std::current_exception());
    }
    if ((before & Fiber::in_callback) == 0) {
        current->attention &= static_cast<std::uint8_t>(~Fiber::in_callback);
    }
}

void HubCore::run_spawn_hook(const SpawnHook::Callback& hook, const AnyGreenlet& greenlet) noexcept {
    try {
        hook(greenlet);
    } catch (...) {
        report({greenlet.id(), greenlet.name(), greenlet.where(), "spawn hook for green thread"},
               std::current_exception());
    }
}

}  // namespace tendril
