// SPDX-License-Identifier: MIT

#include <tendril/shared_event.hpp>

namespace tendril {

bool SharedEvent::is_set() const {
    const std::lock_guard lock(mutex_);
    return set_;
}

void SharedEvent::set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    waiters_.wake_all(detail::Outcome::signalled);
    waiters_.ring();
}

void SharedEvent::clear() {
    const std::lock_guard lock(mutex_);
    set_ = false;
}

bool SharedEvent::wait_until(Deadline deadline) {
    std::unique_lock lock(mutex_);
    return set_ || waiters_.wait(lock, "SharedEvent::wait", nullptr, deadline) == detail::Outcome::signalled;
}

}  // namespace tendril
