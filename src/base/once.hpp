// SPDX-License-Identifier: MIT
//
// Once: runs something once in a process, as std::call_once does; but a fork() in another OS thread waits until it has
// run, where a std::once_flag, or the guard of a function's static object, would stay locked in the child for ever.

#pragma once

#include <atomic>

#include <tendril/detail/base/mutex.hpp>

namespace tendril::detail {

// A static constinit object. Any OS thread.
class Once {
public:
    constexpr Once() = default;
    Once(const Once&) = delete;
    Once& operator=(const Once&) = delete;

    // Runs `make` unless an earlier call has; what it throws counts as not run. Requires: `make` takes no lock but
    // those that a Rank::once may be held over.
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
