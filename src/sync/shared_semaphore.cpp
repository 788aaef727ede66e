// SPDX-License-Identifier: MIT

#include <tendril/shared_semaphore.hpp>

namespace tendril {

bool SharedSemaphore::take(Deadline deadline) {
    detail::SharedLock lock(mutex_);
    if (permits_ > 0) {
        --permits_;
        return true;
    }
    return waiters_.wait(lock, "SharedSemaphore::acquire", nullptr, deadline) == detail::Outcome::handed;
}

bool SharedSemaphore::try_acquire() {
    const detail::SharedLock lock(mutex_);
    if (permits_ == 0) {
        return false;
    }
    --permits_;
    return true;
}

void SharedSemaphore::release(Size permits) {
    const detail::SharedLock lock(mutex_);
    std::size_t left = permits;
    for (; left > 0 && waiters_.any(); --left) {
        waiters_.hand();
    }
    permits_ += left;
    if (left > 0) {
        waiters_.notify_observers();
    }
}

std::size_t SharedSemaphore::available() const {
    const detail::SharedLock lock(mutex_);
    return permits_;
}

std::size_t SharedSemaphore::waiting() const {
    const detail::SharedLock lock(mutex_);
    return waiters_.size();
}

}  // namespace tendril
