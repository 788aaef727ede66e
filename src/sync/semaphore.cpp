// SPDX-License-Identifier: MIT

#include <tendril/semaphore.hpp>

#include <stdexcept>
#include <string>

#include "hub/here.hpp"
#include "hub/waiter.hpp"

namespace tendril {

bool Semaphore::try_acquire() {
    waiters_.check_thread();
    if (permits_ == 0) {
        return false;
    }
    --permits_;
    last_taker_ = detail::here::fiber().id;
    return true;
}

void Semaphore::release(Size permits) {
    waiters_.check_thread();
    std::size_t left = permits;
    for (; left > 0; --left) {
        const detail::Waiter* first = waiters_.front();
        if (first == nullptr) {
            break;
        }
        last_taker_ = first->fiber.id;
        waiters_.hand();
    }
    permits_ += left;
    if (left > 0) {
        waiters_.notify_observers();
    }
}

void BoundedSemaphore::release(Size permits) {
    // Every permit that is not held is free: release() hands one to a waiter without making it free.
    if (permits > limit_ - semaphore_.available()) {
        throw std::logic_error("a BoundedSemaphore of " + std::to_string(limit_) + " has " +
                               std::to_string(limit_ - semaphore_.available()) + " permits out, and " +
                               std::to_string(std::size_t(permits)) + " were released");
    }
    semaphore_.release(permits);
}

}  // namespace tendril
