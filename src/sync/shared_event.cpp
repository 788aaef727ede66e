// SPDX-License-Identifier: MIT

#include <tendril/shared_event.hpp>

namespace tendril {

bool SharedEvent::is_set() const {
    const detail::SharedLock lock(mutex_);
    return set_;
}

void SharedEvent::set() {
    const detail::SharedLock lock(mutex_);
    set_ = true;
    waiters_.wake_all(detail::Outcome::signalled);
    waiters_.notify_observers();
}

void SharedEvent::clear() {
    const detail::SharedLock lock(mutex_);
    set_ = false;
}

bool SharedEvent::wait_until(Deadline deadline) {
    detail::SharedLock lock(mutex_);
    return set_ || waiters_.wait(lock, "SharedEvent::wait", nullptr, deadline) == detail::Outcome::signalled;
}

}  // namespace tendril
