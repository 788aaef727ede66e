// SPDX-License-Identifier: MIT

#include <tendril/joinable_queue.hpp>

namespace tendril::detail {

bool Joiners::wait_for(const std::uint64_t& admitted, const std::uint64_t& done, Deadline deadline) {
    waiters_.check_thread();
    const Stand stand(stands_);
    while (admitted != done) {
        switch (waiters_.wait("JoinableQueue::join", nullptr, deadline)) {
        case Outcome::timed_out:
            return false;
        case Outcome::closed:
            throw ShutDown();
        default:
            if (!stand.counts()) {
                return true;  // the queue has gone since this was woken, when all was done
            }
        }
    }
    return true;
}

}  // namespace tendril::detail
