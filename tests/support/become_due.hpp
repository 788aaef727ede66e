// SPDX-License-Identifier: MIT
//
// let_become_due(watcher): waits until the watcher is pending, with its callback not run yet. For tests that may see
// the hub.

#pragma once

#include <memory>

#include <tendril/greenlet.hpp>
#include <tendril/watchers.hpp>

#include "hub/hub_core.hpp"

namespace tendril::testing {

// The hub polls when the other green thread yields; this green thread is then ready before the callbacks.
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
