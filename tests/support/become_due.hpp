// SPDX-License-Identifier: MIT
//
// let_become_due(watcher): until it is pending; its callback has not run yet then. For tests that may see the hub.

#pragma once

#include <memory>

#include <tendril/greenlet.hpp>
#include <tendril/watchers.hpp>

#include "hub/hub_core.hpp"

namespace tendril::testing {

// The hub looks for events when the other green thread yields, and then this one is ready before the callbacks.
inline void let_become_due(const Watcher& watcher) {
    detail::HubCore& hub = detail::HubCore::here();
    const auto over = std::make_shared<bool>(false);
    spawn_n([&hub, over] {
        while (!*over) {
            hub.budget = 1;
            yield();
        }
    });
    while (!watcher.pending()) {
        hub.budget = 1000;
        yield();
    }
    *over = true;
}

}  // namespace tendril::testing
