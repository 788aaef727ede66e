// SPDX-License-Identifier: MIT

#include "net/transfer.hpp"

#include <algorithm>

namespace tendril::detail {

void yield_amid(Descriptor& d, Waiter*& place, const char* object, const char* what) {
    const Placed placed(place, what);
    const std::uint32_t generation = d.generation;
    d.hub->yield();
    if (d.generation != generation || placed.outcome() == Outcome::closed) {
        fail(-EBADF, std::string(object) + " was closed by another green thread");
    }
    if (placed.outcome() == Outcome::timed_out) {  // Descriptors::expire() did it
        fail_wait(d, placed.outcome(), what, 0);
    }
}

void pause_before_retry(std::chrono::milliseconds& pause, Deadline deadline, const char* what, const char* doing,
                        const Address& to) {
    constexpr std::chrono::milliseconds longest(50);
    if (deadline.passed()) {
        time_out({}, [doing, to] { return doing + to.to_string(); });
    }
    Waiter waiter(what);
    waiter.wait(std::min(Deadline(pause), deadline));
    pause = std::min(pause * 2, longest);
}

void fail_wait(const Descriptor& d, Outcome outcome, const char* what, Progress progress) {
    if (outcome == Outcome::timed_out) {
        time_out_wait(d, what, progress);
    }
    fail(-EBADF, std::string(what) + ": closed by another green thread");
}

}  // namespace tendril::detail
