// SPDX-License-Identifier: MIT
//
// Uring: the door to io_uring(7): a pair of rings shared with the kernel, and the one call that goes with them. Exists
// only if the build found liburing (TENDRIL_HAS_URING).
//
// 1. All but the destructor must run on the OS thread that called open(): the kernel refuses others.
// 2. Only enter() submits requests, and only in enter() the kernel works on them.
// 3. After fork() the child may only destroy its copy, which does nothing to the parent's.

#pragma once

#include <liburing.h>

#include <cstdint>
#include <optional>

#include <tendril/fd.hpp>

#include "base/own_number.hpp"

namespace tendril::sys {

// Whether the kernel cannot poll the descriptor and so reports it ready at once: a file, a directory, a disk,
// /dev/null. (Some character devices can be polled; they are treated like /dev/null.)
bool is_always_ready(int fd) noexcept;

class Uring {
public:
    Uring() = default;
    Uring(const Uring&) = delete;
    Uring& operator=(const Uring&) = delete;
    ~Uring();

    // Returns: 0 or -errno: -ENOSYS, -EPERM: the kernel has no io_uring, or forbids it; -ENOTSUP: it lacks features
    // needed here (5.13 has them).
    int open(unsigned requests, unsigned completions) noexcept;

    // Returns the next request to fill, all zeros; nullptr if the ring is full: enter() first.
    io_uring_sqe* next_request() noexcept;

    // Submits all requests and lets the kernel work on what is due; with `sleep`, waits for a completion, at most
    // timeout_ns (< 0: no limit). Returns: 0 or -errno: -ETIME, -EINTR; -EBADR: completions were lost.
    int enter(bool sleep, std::int64_t timeout_ns) noexcept;

    // Returns: a descriptor that is readable after each completion, and when there is work that makes one, until
    // hush(); or -errno. (The ring's own becomes readable for completions only.)
    int event_descriptor() noexcept;
    bool tells() const noexcept { return events_.get() >= 0; }  // it was asked for
    void hush() noexcept;

    // Whether there is anything to submit, to work on, or to take.
    bool anything_to_do() const noexcept;
    bool anything_to_hand_over() const noexcept { return to_hand_over() != 0; }

    // Calls f(completion) for the completions that have come, at most `most`.
    template <class F>
    void take(unsigned most, F f) {
        unsigned head = *ring_.cq.khead;
        const unsigned tail = io_uring_smp_load_acquire(ring_.cq.ktail);
        for (; head != tail && most > 0; ++head, --most) {
            f(ring_.cq.cqes[head & ring_.cq.ring_mask]);
        }
        io_uring_smp_store_release(ring_.cq.khead, head);
    }
    bool anything_to_take() const noexcept { return *ring_.cq.khead != io_uring_smp_load_acquire(ring_.cq.ktail); }

private:
    unsigned to_hand_over() const noexcept { return tail_ - io_uring_smp_load_acquire(ring_.sq.khead); }

    io_uring ring_{};
    std::optional<tendril::detail::OwnNumber> own_;  // of the ring's descriptor
    Fd events_;                                      // event_descriptor(), once it was asked for
    unsigned tail_ = 0;                              // of the request ring; published by enter()
    bool open_ = false;
};

}  // namespace tendril::sys
