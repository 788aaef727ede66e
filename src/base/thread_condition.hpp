// SPDX-License-Identifier: MIT
//
// ThreadCondition: std::condition_variable for OS threads and a Mutex. It keeps nothing that a fork() could break: in
// the child no OS thread waits, and it is as new.
//
// wait() may return without a wake-up, so call it in a loop that tests the condition. Change the condition with the
// lock held; waking needs no lock.

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include <tendril/detail/base/mutex.hpp>

#include "base/sys.hpp"

namespace tendril::detail {

class ThreadCondition {
public:
    // Blocks the OS thread, without the lock meanwhile. timeout: negative: no limit.
    template <class Lock>
    TENDRIL_NOT_ANALYZED void wait(Lock& held,
                                   std::chrono::nanoseconds timeout = std::chrono::nanoseconds(-1)) noexcept {
        const std::uint32_t before = wakes_.load(std::memory_order_relaxed);
        waited_.store(true, std::memory_order_relaxed);  // read by later wakers, after the lock
        held.unlock();
        sys::futex_wait(wakes_, before, timeout.count());
        held.lock();
    }

    void wake_one() noexcept { wake(1); }
    void wake_all() noexcept { wake(INT32_MAX); }

private:
    void wake(int most) noexcept {
        wakes_.fetch_add(1, std::memory_order_relaxed);
        if (waited_.load(std::memory_order_relaxed)) {
            sys::futex_wake(wakes_, most);
        }
    }

    std::atomic<std::uint32_t> wakes_{0};
    std::atomic<bool> waited_{false};  // whether any OS thread ever waited: until then a wake needs no system call
};

}  // namespace tendril::detail
