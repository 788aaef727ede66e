// SPDX-License-Identifier: MIT
//
// The pselect(2) backend, which takes only numbers below FD_SETSIZE. pselect reports a hangup as readable and writable,
// so a descriptor armed only for urgent data is armed for reading too.

#include <algorithm>
#include <array>
#include <string>
#include <system_error>

#include <tendril/detail/base/check.hpp>

#include "base/sys.hpp"
#include "hub/backend.hpp"
#include "hub/wakeup.hpp"

namespace tendril::detail {

namespace {

class SelectBackend final : public Backend {
public:
    SelectBackend() : Backend(false) {
        for (fd_set* set : {&read_, &write_, &priority_}) {
            FD_ZERO(set);
        }
        if (const int r = arm(wakeup_.fd(), 0, events::read, false); r < 0) {
            throw cannot_watch(*this, wakeup_.fd(), r);
        }
    }

    const char* name() const noexcept override { return "select"; }

    int arm(int fd, std::uint64_t token, Events what, [[maybe_unused]] bool again) noexcept override {
        if (fd >= FD_SETSIZE) {
            return -EINVAL;
        }
        TENDRIL_ASSERT(again || !is_armed(fd));
        tokens_[static_cast<std::size_t>(fd)] = token;
        end_ = std::max(end_, fd + 1);
        for_each_kind([&](Events kind, fd_set& set) {
            if ((what & kind) != 0 || (kind == events::read && (what & events::priority) != 0)) {
                FD_SET(fd, &set);
            }
        });
        return 0;
    }

    void disarm(int fd, std::uint64_t /*token*/) noexcept override {
        if (fd >= FD_SETSIZE) {
            return;
        }
        for_each_kind([fd](Events, fd_set& set) { FD_CLR(fd, &set); });
        while (end_ > 0 && !is_armed(end_ - 1)) {
            --end_;
        }
    }

    std::span<const BackendEvent> wait(std::int64_t timeout_ns) override {
        fd_set read = read_;
        fd_set write = write_;
        fd_set priority = priority_;
        const int n = sys::select(end_, &read, &write, &priority, timeout_ns);
        if (n == -EINTR) {
            return {};
        }
        if (n == -EBADF) {
            return closed_ones();
        }
        if (n < 0) {
            throw std::system_error(-n, std::generic_category(), "the hub's pselect failed");
        }
        return n == 0 ? std::span<const BackendEvent>{} : ready_ones(read, write, priority);
    }

    void wake() noexcept override { wakeup_.wake(); }

private:
    template <class F>
    void for_each_kind(F f) noexcept {
        f(events::read, read_);
        f(events::write, write_);
        f(events::priority, priority_);
    }

    bool is_armed(int fd) const noexcept {
        return FD_ISSET(fd, &read_) || FD_ISSET(fd, &write_) || FD_ISSET(fd, &priority_);
    }

    std::span<const BackendEvent> ready_ones(const fd_set& read, const fd_set& write, const fd_set& priority) noexcept {
        std::size_t count = 0;
        const int end = end_;
        for (int fd = 0; fd < end; ++fd) {
            Events what = events::none;
            const auto take = [&](Events kind, const fd_set& ready, fd_set& armed) {
                if (FD_ISSET(fd, &ready)) {
                    what |= kind;
                    FD_CLR(fd, &armed);
                }
            };
            if (fd == wakeup_.fd()) {
                if (FD_ISSET(fd, &read)) {
                    wakeup_.reset();
                }
                continue;
            }
            const bool wants_urgent = FD_ISSET(fd, &priority_);
            take(events::read, read, read_);
            take(events::write, write, write_);
            take(events::priority, priority, priority_);
            if (wants_urgent && (what & events::read) != 0 && is_hung_up(fd)) {
                what |= events::hangup;
            }
            if (what != events::none) {
                events_[count++] = {tokens_[static_cast<std::size_t>(fd)], what};
            }
        }
        return {events_.data(), count};
    }

    static bool is_hung_up(int fd) noexcept {
        pollfd one{fd, 0, 0};
        return sys::poll(&one, 1, 0) > 0 && (one.revents & (POLLHUP | POLLERR)) != 0;
    }

    // The system says that some descriptors are closed, but not which.
    std::span<const BackendEvent> closed_ones() {
        if (!sys::is_open(wakeup_.fd())) {
            throw std::system_error(EBADF, std::generic_category(), "the hub's eventfd was closed under it");
        }
        std::size_t count = 0;
        for (int fd = end_ - 1; fd >= 0; --fd) {
            if (is_armed(fd) && !sys::is_open(fd)) {
                events_[count++] = {tokens_[static_cast<std::size_t>(fd)], events::invalid};
                disarm(fd, 0);
            }
        }
        return {events_.data(), count};
    }

    Wakeup wakeup_;
    fd_set read_;
    fd_set write_;
    fd_set priority_;
    int end_ = 0;  // above all armed numbers
    std::array<std::uint64_t, FD_SETSIZE> tokens_;
    std::array<BackendEvent, FD_SETSIZE> events_;
};

}  // namespace

std::unique_ptr<Backend> make_select_backend() {
    return std::make_unique<SelectBackend>();
}

}  // namespace tendril::detail
