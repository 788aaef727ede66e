// SPDX-License-Identifier: MIT

#include "base/uring.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/sanitizers.hpp"
#include "base/sys.hpp"

#ifdef TENDRIL_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace tendril::sys {

namespace {

// The ways to set up the ring, best first. With the first, completions are processed only in enter() (6.1); with the
// second, processing does not interrupt this OS thread (5.19); the last takes the defaults.
constexpr unsigned ways[] = {
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    0,
};

// The last feature came with polls that stay armed after they have reported (5.13).
constexpr unsigned needed = IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG | IORING_FEAT_RSRC_TAGS;

// liburing maps and unmaps rings by system calls that ThreadSanitizer does not see, so that two rings which lie at the
// same place one after the other would be taken for one. This orders each mapping after all earlier unmappings.
#ifdef TENDRIL_TSAN
char order;
void about_to_unmap() noexcept {
    __tsan_release(&order);
}
void mapped() noexcept {
    __tsan_acquire(&order);
}
#else
void about_to_unmap() noexcept {}
void mapped() noexcept {}
#endif

}  // namespace

int Uring::open(unsigned requests, unsigned completions) noexcept {
    if (const int e = detail::fault(Call::io_uring_setup, -1); e != 0) {
        return -e;
    }
    int r = -EINVAL;
    for (const unsigned way : ways) {
        io_uring_params params{};
        params.flags = way | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
        params.cq_entries = completions;
        r = ::io_uring_queue_init_params(requests, &ring_, &params);
        if (r != -EINVAL) {
            break;
        }
    }
    if (r < 0) {
        return r;
    }
    open_ = true;
    own_.emplace(ring_.ring_fd);
    mapped();
    if ((ring_.features & needed) != needed) {
        return -ENOTSUP;
    }
    for (unsigned i = 0; ring_.sq.array != nullptr && i < ring_.sq.ring_entries; ++i) {
        ring_.sq.array[i] = i;
    }
    tail_ = *ring_.sq.ktail;
    return 0;
}

bool is_always_ready(int fd) noexcept {
    struct stat info {};
    if (detail::call<int>(Call::fcntl, fd, [&] { return ::fstat(fd, &info); }) < 0) {
        return false;
    }
    return S_ISREG(info.st_mode) || S_ISDIR(info.st_mode) || S_ISBLK(info.st_mode) ||
           (S_ISCHR(info.st_mode) && ::isatty(fd) == 0);
}

Uring::~Uring() {
    if (open_) {
        about_to_unmap();
        ::io_uring_queue_exit(&ring_);
    }
}

io_uring_sqe* Uring::next_request() noexcept {
    if (to_hand_over() == ring_.sq.ring_entries) {
        return nullptr;
    }
    io_uring_sqe* const request = &ring_.sq.sqes[tail_++ & ring_.sq.ring_mask];
    std::memset(request, 0, sizeof *request);
    return request;
}

int Uring::event_descriptor() noexcept {
    if (events_.get() < 0) {
        const int made = sys::eventfd();
        if (made < 0) {
            return made;
        }
        Fd events(made);
        if (const int r = ::io_uring_register_eventfd(&ring_, made); r < 0) {
            return r;
        }
        events_ = std::move(events);
        const std::uint64_t one = 1;
        sys::write(made, &one, sizeof one);  // something may have come before
    }
    return events_.get();
}

void Uring::hush() noexcept {
    std::uint64_t count = 0;
    sys::read(events_.get(), &count, sizeof count);
}

int Uring::enter(bool sleep, std::int64_t timeout_ns) noexcept {
    io_uring_smp_store_release(ring_.sq.ktail, tail_);
    return detail::call<int>(Call::io_uring_enter, ring_.ring_fd, [=, this] {
        __kernel_timespec timeout{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
        io_uring_getevents_arg arg{};
        arg.ts = timeout_ns < 0 ? 0 : reinterpret_cast<std::uintptr_t>(&timeout);
        const int r = ::io_uring_enter2(static_cast<unsigned>(ring_.enter_ring_fd), to_hand_over(), sleep ? 1 : 0,
                                        IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
                                        reinterpret_cast<sigset_t*>(&arg), sizeof arg);
        if (r < 0) {
            errno = -r;
            return -1;
        }
        return 0;
    });
}

bool Uring::anything_to_do() const noexcept {
    return to_hand_over() != 0 || anything_to_take() ||
           (IO_URING_READ_ONCE(*ring_.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

}  // namespace tendril::sys
