// SPDX-License-Identifier: MIT
// Floor: hub
//
// WatcherOptions: what an Async (hub.hpp) and most watchers (watchers.hpp) can be made with.

#pragma once

namespace tendril {

struct WatcherOptions {
    bool ref = true;   // while active, keeps the hub from throwing LoopExit
    int priority = 0;  // -2 to 2: of the callbacks that are due together, those of the highest priority run first
};

}  // namespace tendril
