// SPDX-License-Identifier: MIT

#include <tendril/latch.hpp>

#include <stdexcept>
#include <string>

namespace tendril {

void Latch::count_down(Size n) {
    waiters_.check_thread();
    if (n > count_) {
        throw std::logic_error("a Latch was counted down by " + std::to_string(std::size_t(n)) + " at a count of " +
                               std::to_string(count_) + "; construct it with all that will arrive");
    }
    if (n == 0) {
        return;
    }
    count_ -= n;
    if (count_ == 0) {
        waiters_.wake_all(detail::Outcome::signalled);
        waiters_.notify_observers();
    }
}

bool Latch::wait_until(Deadline deadline) {
    waiters_.check_thread();
    return count_ == 0 || waiters_.wait("Latch::wait", nullptr, deadline) == detail::Outcome::signalled;
}

}  // namespace tendril
