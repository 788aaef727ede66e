// SPDX-License-Identifier: MIT

#include <tendril/joinable_queue.hpp>

namespace tendril::detail {

// GCC 12 does not see that the stand's destructor takes it out of the list.
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdangling-pointer"
#endif
bool Joiners::wait_for(const std::uint64_t& admitted, const std::uint64_t& done, Deadline deadline) {
    waiters_.check_thread();
    ListNode stand;
    stands_.push_back(stand);
    while (admitted != done) {
        switch (waiters_.wait("JoinableQueue::join", nullptr, deadline)) {
        case Outcome::timed_out:
            return false;
        case Outcome::closed:
            throw ShutDown();
        default:
            if (!stand.linked()) {
                return true;  // the queue has gone since this was woken, when all was done
            }
        }
    }
    return true;
}
#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace tendril::detail
