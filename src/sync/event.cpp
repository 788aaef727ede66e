// SPDX-License-Identifier: MIT

#include <tendril/event.hpp>

namespace tendril {

void Event::set() {
    waiters_.check_thread();
    set_ = true;
    waiters_.wake_all(detail::Outcome::signalled);
    waiters_.notify_observers();
}

void Event::clear() {
    waiters_.check_thread();
    set_ = false;
}

bool Event::wait_until(Deadline deadline) {
    waiters_.check_thread();
    return set_ || waiters_.wait("Event::wait", nullptr, deadline) == detail::Outcome::signalled;
}

}  // namespace tendril
