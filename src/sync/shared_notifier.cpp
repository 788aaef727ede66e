// SPDX-License-Identifier: MIT

#include <tendril/shared_notifier.hpp>

namespace tendril {

void SharedNotifier::notify() const {
    const detail::MutexLock lock(mutex_);
    observers_.notify_observers();
}

void SharedNotifier::observe_next(Observer& observer) const {
    const detail::MutexLock lock(mutex_);
    observers_.observe(mutex_, observer, false);
}

}  // namespace tendril
