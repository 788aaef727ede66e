// SPDX-License-Identifier: MIT

#include <tendril/shared_notifier.hpp>

namespace tendril {

void SharedNotifier::notify() const {
    const detail::SharedLock lock(mutex_);
    observers_.notify_observers();
}

void SharedNotifier::observe_next(Observer& observer) const {
    const detail::SharedLock lock(mutex_);
    observers_.observe(observer, false);
}

}  // namespace tendril
