// SPDX-License-Identifier: MIT

#include "net/transfer.hpp"

#include <poll.h>

#include <algorithm>

#include "base/on_exit.hpp"

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

void pause_if_stuck(Descriptor& d, Direction direction, const char* what, Deadline deadline, Progress progress) {
    constexpr std::chrono::milliseconds little(10);
    const short wanted = direction == Direction::read ? POLLIN | POLLRDHUP : POLLOUT;
    pollfd asked{d.fd, wanted, 0};
    if (sys::poll(&asked, 1, 0) <= 0 || (asked.revents & (POLLERR | POLLHUP)) == 0 || (asked.revents & wanted) != 0) {
        return;
    }
    if (deadline.passed()) {
        time_out_wait(d, what, progress);
    }
    Waiter waiter(what);
    const std::uint32_t generation = d.generation;
    const OnExit left([&] {
        if (d.place(direction) == &waiter) {
            d.place(direction) = nullptr;
        }
    });
    d.place(direction) = &waiter;  // so that close() wakes it, and a second call is refused
    const Outcome outcome = waiter.wait(std::min(Deadline(little), deadline));
    if (outcome == Outcome::closed || d.generation != generation) {
        fail_wait(d, Outcome::closed, what, progress);
    }
    if (deadline.passed()) {
        time_out_wait(d, what, progress);
    }
}

void fail_wait(const Descriptor& d, Outcome outcome, const char* what, Progress progress) {
    if (outcome == Outcome::timed_out) {
        time_out_wait(d, what, progress);
    }
    fail(-EBADF, std::string(what) + ": closed by another green thread");
}

}  // namespace tendril::detail
