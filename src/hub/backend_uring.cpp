// SPDX-License-Identifier: MIT
//
// The io_uring(7) backend: one poll request for each descriptor, which lives until it is disarmed and reports every
// change (IORING_POLL_ADD_MULTI). The call that sleeps also submits the requests, so it is the only system call.
//
// 1. A request names a number, which the kernel looks up when the request is submitted. So arm() only notes in due_
//    that one is wanted, and wait() makes them. A request that is disarmed before that is forgotten, and never watches
//    a later owner of the number.
// 2. disarm() cancels a submitted request at once: until then the kernel holds the open file.
// 3. The kernel knows a request by its number and the number's generation, which each disarm() raises, so the late
//    completions of a cancelled request are recognised as stale.
// 4. The next wait() renews a request that ended by itself (the kernel was short of something). A request for a
//    descriptor that is always ready ends with its first event, and is made anew only when armed again.

#include <array>
#include <atomic>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/report.hpp"
#include "base/sys.hpp"
#include "base/uring.hpp"
#include "hub/backend.hpp"
#include "hub/wakeup.hpp"

namespace tendril::detail {

namespace {

constexpr std::uint64_t nobody = UINT64_MAX;  // completions with this are ignored
constexpr unsigned every_kind = POLLIN | POLLOUT | POLLRDHUP | POLLPRI;

Events events_of(int bits) noexcept {
    const auto if_any = [bits](int mask, Events what) { return (bits & mask) != 0 ? what : events::none; };
    return static_cast<Events>(if_any(POLLIN | POLLRDHUP | POLLERR | POLLHUP, events::read) |
                               if_any(POLLOUT | POLLERR | POLLHUP, events::write) | if_any(POLLPRI, events::priority) |
                               if_any(POLLRDHUP | POLLERR | POLLHUP, events::hangup));
}

// A request reports what the descriptor's driver said when it woke it, and TCP says IN and PRI for any data. That
// matters only to callers that wait for urgent data; elsewhere short reads are merely trusted less.
bool has_urgent_data(int fd) noexcept {
    pollfd one{fd, POLLPRI, 0};
    return sys::poll(&one, 1, 0) < 0 || (one.revents & POLLPRI) != 0;
}

class UringBackend final : public Backend {
public:
    UringBackend() : Backend(true) {
        sys::checked(ring_.open(requests, completions), "io_uring");
        sys::checked(arm(wakeup_.fd(), 0, events::read, false), "io_uring");
    }

    const char* name() const noexcept override { return "io_uring"; }

    int arm(int fd, std::uint64_t token, Events what, bool /*again*/) noexcept override {
        try {
            make_room(fd);
        } catch (const std::bad_alloc&) {
            return -ENOMEM;
        }
        Watch& watch = watches_[static_cast<std::size_t>(fd)];
        watch.token = token;
        watch.urgent = watch.urgent || (what & events::priority) != 0;
        want(fd);
        return 0;
    }

    void disarm(int fd, std::uint64_t /*token*/) noexcept override {
        if (static_cast<std::size_t>(fd) >= watches_.size()) {
            return;
        }
        Watch& watch = watches_[static_cast<std::size_t>(fd)];
        watch.wanted = watch.urgent = false;
        if (watch.active) {
            cancel(fd);
            ring_.enter(false, 0);
        }
    }

    std::span<const BackendEvent> wait(std::int64_t timeout_ns) override {
        make_due_requests();
        if (ring_.tells()) [[unlikely]] {
            ring_.hush();  // before the ring is looked at: later completions make it readable again
        }
        if (timeout_ns != 0 ? !ring_.anything_to_take() : ring_.anything_to_do()) {
            check(ring_.enter(timeout_ns != 0, timeout_ns));
        }
        std::size_t count = 0;
        ring_.take(batch, [&](const io_uring_cqe& completion) {
            if (const BackendEvent event = told(completion); event.what != events::none) {
                events_[count++] = event;
            }
        });
        if (std::exchange(lost_wakeup_, false)) {
            throw std::system_error(EBADF, std::generic_category(), "the hub's eventfd was closed under it");
        }
        return {events_.data(), count};
    }

    void wake() noexcept override { wakeup_.wake(); }
    int descriptor() noexcept override { return ring_.event_descriptor(); }
    void flush() noexcept override {
        make_due_requests();
        if (ring_.anything_to_hand_over()) {
            ring_.enter(false, 0);
        }
    }

private:
    static constexpr unsigned requests = 256;
    static constexpr unsigned completions = 4096;  // the kernel keeps those beyond
    static constexpr unsigned batch = 256;

    struct Watch {  // the poll request of one number
        std::uint64_t token = 0;
        std::uint32_t generation = 0;
        bool active = false;  // the kernel has a request of this generation
        bool wanted = false;  // a request is to be made, or made anew
        bool in_due = false;
        bool urgent = false;  // armed with events::priority
    };

    void make_room(int fd) {
        if (const auto needed = static_cast<std::size_t>(fd) + 1; watches_.size() < needed) {
            due_.reserve(std::max(needed, watches_.size() * 2));
            watches_.resize(due_.capacity());
        }
    }

    void want(int fd) noexcept {
        Watch& watch = watches_[static_cast<std::size_t>(fd)];
        watch.wanted = true;
        if (!watch.in_due) {
            watch.in_due = true;
            due_.push_back(fd);  // each number once, so there is room
        }
    }

    std::uint64_t name_of(int fd) const noexcept {
        return std::uint64_t{watches_[static_cast<std::size_t>(fd)].generation} << 32 | static_cast<std::uint32_t>(fd);
    }

    // Returns: nullptr if the kernel takes none at the moment.
    io_uring_sqe* next_request() noexcept {
        io_uring_sqe* request = ring_.next_request();
        if (request == nullptr) {
            ring_.enter(false, 0);
            request = ring_.next_request();
        }
        return request;
    }

    bool cancel(int fd) noexcept {
        io_uring_sqe* const request = next_request();
        if (request != nullptr) {
            // Not prep_poll_remove(), which fails (EALREADY) while an event is on its way.
            ::io_uring_prep_cancel64(request, name_of(fd), 0);
            request->user_data = nobody;
        }
        Watch& watch = watches_[static_cast<std::size_t>(fd)];
        watch.active = false;
        ++watch.generation;
        return request != nullptr;
    }

    void make_due_requests() noexcept {
        while (!due_.empty()) {
            const int fd = due_.back();
            Watch& watch = watches_[static_cast<std::size_t>(fd)];
            if (watch.wanted) {
                if (watch.active) {
                    cancel(fd);
                }
                io_uring_sqe* const request = next_request();
                if (request == nullptr) {
                    return;
                }
                ::io_uring_prep_poll_multishot(request, fd, fd == wakeup_.fd() ? POLLIN : every_kind);
                request->user_data = name_of(fd);
                watch.active = true;
            }
            watch.wanted = watch.in_due = false;
            due_.pop_back();
        }
    }

    void check(int r) {
        switch (r) {
        case 0:
        case -ETIME:
        case -EINTR:
        case -EBUSY:   // completions must be taken before the kernel takes requests
        case -EAGAIN:  // no memory at the moment
            return;
        case -EBADR:
            for (std::size_t fd = 0; fd < watches_.size(); ++fd) {
                if (watches_[fd].active) {
                    want(static_cast<int>(fd));
                }
            }
            return;
        default:
            throw std::system_error(-r, std::generic_category(),
                                    "the hub's io_uring_enter failed (was its descriptor closed?)");
        }
    }

    BackendEvent told(const io_uring_cqe& completion) noexcept {
        constexpr BackendEvent nothing{0, events::none};
        const auto fd = static_cast<std::uint32_t>(completion.user_data);
        if (completion.user_data == nobody || watches_[fd].generation != completion.user_data >> 32) {
            return nothing;
        }
        Watch& watch = watches_[fd];
        watch.active = (completion.flags & IORING_CQE_F_MORE) != 0;
        if (completion.res == -EBADF) {
            lost_wakeup_ = lost_wakeup_ || static_cast<int>(fd) == wakeup_.fd();
            return static_cast<int>(fd) == wakeup_.fd() ? nothing : BackendEvent{watch.token, events::invalid};
        }
        if (!watch.active && !sys::is_always_ready(static_cast<int>(fd))) {
            want(static_cast<int>(fd));
        }
        if (completion.res < 0 || static_cast<int>(fd) == wakeup_.fd()) {
            return nothing;
        }
        Events what = events_of(completion.res);
        if ((what & events::priority) != 0 && watch.urgent && !has_urgent_data(static_cast<int>(fd))) {
            what &= static_cast<Events>(~events::priority);
        }
        return {watch.token, what};
    }

    sys::Uring ring_;
    Wakeup wakeup_;
    std::vector<Watch> watches_;  // by number
    std::vector<int> due_;
    bool lost_wakeup_ = false;  // its descriptor was closed
    std::array<BackendEvent, batch> events_;
};

}  // namespace

std::unique_ptr<Backend> make_uring_backend() {
    static std::atomic<int> said{0};
    try {
        return std::make_unique<UringBackend>();
    } catch (const std::system_error& refused) {
        if (const int error = refused.code().value(); said.exchange(error) != error) {
            report("io_uring cannot be used here (" + refused.code().message() + "), so the backend is epoll");
        }
        return make_epoll_backend();
    }
}

}  // namespace tendril::detail
