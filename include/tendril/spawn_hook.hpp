// SPDX-License-Identifier: MIT
// Floor: hub
//
// SpawnHook: while it lives, its callback sees every green thread that is spawned in this OS thread's hub. For tracing,
// counting and naming.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <tendril/detail/hub/callback.hpp>
#include <tendril/greenlet.hpp>

namespace tendril {

class SpawnHook {
public:
    using Callback = detail::Callback<void(const AnyGreenlet& spawned)>;  // gets each green thread that is spawned

    // The spawning green thread calls the callback before its spawn() returns; the spawned one has not begun. The
    // callback must not wait (HubBlocked); the hub's error handler gets what it throws. Several hooks are called in the
    // order in which they were made. A callback that spawns is called for that green thread too.
    // Throws: std::invalid_argument for an empty callback.
    [[nodiscard("a SpawnHook ends with its variable: give it a name")]] explicit SpawnHook(Callback callback);
    SpawnHook(const SpawnHook&) = delete;
    SpawnHook& operator=(const SpawnHook&) = delete;
    ~SpawnHook();  // Removes the hook. Must run on the OS thread that made it; may run inside the callback.

private:
    std::uint64_t owner_;  // serial of the OS thread
    std::shared_ptr<const Callback> callback_;
};

}  // namespace tendril
