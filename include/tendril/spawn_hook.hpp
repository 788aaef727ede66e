// SPDX-License-Identifier: MIT
// Floor: hub
//
// SpawnHook: sees every green thread that is spawned in this OS thread's hub while it lives. For tracing, for counting,
// for names.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <tendril/detail/hub/callback.hpp>
#include <tendril/greenlet.hpp>

namespace tendril {

class SpawnHook {
public:
    using Callback = detail::Callback<void(const AnyGreenlet& spawned)>;

    // callback is called by the spawning green thread, before its spawn() returns; the new one has not begun. It must
    // not wait; what it throws goes to the hub's error handler. Several are called in the order in which they were
    // made. One that spawns is called for what it spawns. Throws: std::invalid_argument for an empty callback.
    [[nodiscard("a SpawnHook ends with its variable: give it a name")]] explicit SpawnHook(Callback callback);
    SpawnHook(const SpawnHook&) = delete;
    SpawnHook& operator=(const SpawnHook&) = delete;
    ~SpawnHook();  // in the same OS thread; may be in the callback

private:
    std::uint64_t owner_;  // serial of the OS thread
    std::shared_ptr<const Callback> callback_;
};

}  // namespace tendril
