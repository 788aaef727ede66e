// SPDX-License-Identifier: MIT
//
// Once: runs a function once in a process, as std::call_once does. But a fork() in another OS thread waits until the
// function has run; a std::once_flag, or the guard of a function's static object, would stay locked in the child
// forever.

#pragma once

#include <atomic>

#include <tendril/detail/base/mutex.hpp>

namespace tendril::detail {

// For static constinit objects. Any OS thread may use it.
class Once {
public:
    constexpr Once() = default;
    Once(const Once&) = delete;
    Once& operator=(const Once&) = delete;

    // Runs `make` unless an earlier call has. If `make` throws, it counts as not run. Requires: `make` takes only locks
    // that may be taken while a Rank::once is held.
    template <class F>
    void operator()(F make) {
        if (!done_.load(std::memory_order_acquire)) [[unlikely]] {
            const MutexLock lock(mutex_);
            if (!done_.load(std::memory_order_relaxed)) {
                make();
                done_.store(true, std::memory_order_release);
            }
        }
    }

private:
    Mutex mutex_{Rank::once};
    std::atomic<bool> done_{false};
};

}  // namespace tendril::detail
