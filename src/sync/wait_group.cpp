// SPDX-License-Identifier: MIT

#include <tendril/wait_group.hpp>

#include <stdexcept>

namespace tendril {

void WaitGroup::add(Size n) {
    waiters_.check_thread();
    if (n > unbounded - count_) {
        throw std::overflow_error("a WaitGroup cannot count so far; is add() called without a done()?");
    }
    count_ += n;
}

void WaitGroup::done() {
    waiters_.check_thread();
    if (count_ == 0) {
        throw std::logic_error(
            "done() of a WaitGroup was called more often than was added; add() before the work begins");
    }
    if (--count_ == 0) {
        waiters_.wake_all(detail::Outcome::signalled);
        waiters_.notify_observers();
    }
}

bool WaitGroup::wait_until(Deadline deadline) {
    waiters_.check_thread();
    return count_ == 0 || waiters_.wait("WaitGroup::wait", nullptr, deadline) == detail::Outcome::signalled;
}

}  // namespace tendril
