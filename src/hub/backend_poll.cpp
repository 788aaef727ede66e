// SPDX-License-Identifier: MIT
//
// The ppoll(2) backend: the armed descriptors lie in one array without gaps, which each wait() passes to the system.
//
// 1. A number has a row, row_of_[number], while a kind of event is armed for it. A row is removed when its last kind
//    was reported, or a hangup, which the system would otherwise report again and again, asked for or not.
// 2. Row 0 is the eventfd's.

#include <system_error>
#include <vector>

#include <tendril/detail/base/check.hpp>

#include "base/sys.hpp"
#include "hub/backend.hpp"
#include "hub/wakeup.hpp"

namespace tendril::detail {

namespace {

constexpr std::uint32_t no_row = UINT32_MAX;

short bits_of(Events what) noexcept {
    return static_cast<short>(((what & events::read) != 0 ? POLLIN | POLLRDHUP : 0) |
                              ((what & events::write) != 0 ? POLLOUT : 0) |
                              ((what & events::priority) != 0 ? POLLPRI : 0));
}

Events events_of(short bits) noexcept {
    if ((bits & POLLNVAL) != 0) {
        return events::invalid;
    }
    if ((bits & (POLLERR | POLLHUP)) != 0) {
        return events::read | events::write | events::priority | events::hangup;
    }
    return static_cast<Events>(
        ((bits & (POLLIN | POLLRDHUP)) != 0 ? events::read : 0) | ((bits & POLLOUT) != 0 ? events::write : 0) |
        ((bits & POLLPRI) != 0 ? events::priority : 0) | ((bits & POLLRDHUP) != 0 ? events::hangup : 0));
}

class PollBackend final : public Backend {
public:
    PollBackend() : Backend(false) {
        make_room(wakeup_.fd());
        add_row(wakeup_.fd(), 0, events::read);
    }

    const char* name() const noexcept override { return "poll"; }

    int arm(int fd, std::uint64_t token, Events what, [[maybe_unused]] bool again) noexcept override {
        try {
            make_room(fd);
        } catch (const std::bad_alloc&) {
            return -ENOMEM;
        }
        if (const std::uint32_t row = row_of_[static_cast<std::size_t>(fd)]; row != no_row) {
            TENDRIL_ASSERT(again && armed_[row].token == token);
            armed_[row] = {token, static_cast<Events>(armed_[row].what | what)};
            polled_[row].events = bits_of(armed_[row].what);
        } else {
            add_row(fd, token, what);
        }
        return 0;
    }

    void disarm(int fd, std::uint64_t /*token*/) noexcept override {
        if (static_cast<std::size_t>(fd) < row_of_.size() && row_of_[static_cast<std::size_t>(fd)] != no_row) {
            remove_row(row_of_[static_cast<std::size_t>(fd)]);
        }
    }

    std::span<const BackendEvent> wait(std::int64_t timeout_ns) override {
        int left = sys::poll(polled_.data(), polled_.size(), timeout_ns);
        if (left < 0) {
            if (left == -EINTR) {
                return {};
            }
            throw std::system_error(-left, std::generic_category(),
                                    "the hub's ppoll failed (EINVAL: more descriptors than RLIMIT_NOFILE now allows)");
        }
        std::size_t count = 0;
        for (std::size_t row = polled_.size() - 1; left > 0 && row > 0; --row) {  // backwards: rows may be removed
            if (polled_[row].revents != 0) {
                events_[count++] = report(row);
                --left;
            }
        }
        if (polled_[0].revents != 0) {
            woken();
        }
        return {events_.data(), count};
    }

    void wake() noexcept override { wakeup_.wake(); }

private:
    // Makes room for the number, and for one more row and its event. Throws: std::bad_alloc.
    void make_room(int fd) {
        if (const auto needed = static_cast<std::size_t>(fd) + 1; row_of_.size() < needed) {
            row_of_.resize(std::max(needed, row_of_.size() * 2), no_row);
        }
        if (polled_.size() == events_.size()) {
            const std::size_t room = events_.size() * 2 + 16;
            polled_.reserve(room);
            armed_.reserve(room);
            events_.resize(room);
        }
    }

    void add_row(int fd, std::uint64_t token, Events what) noexcept {
        row_of_[static_cast<std::size_t>(fd)] = static_cast<std::uint32_t>(polled_.size());
        polled_.push_back({fd, bits_of(what), 0});
        armed_.push_back({token, what});
    }

    // Moves the last row into its place.
    void remove_row(std::size_t row) noexcept {
        row_of_[static_cast<std::size_t>(polled_[row].fd)] = no_row;
        if (row != polled_.size() - 1) {
            polled_[row] = polled_.back();
            armed_[row] = armed_.back();
            row_of_[static_cast<std::size_t>(polled_[row].fd)] = static_cast<std::uint32_t>(row);
        }
        polled_.pop_back();
        armed_.pop_back();
    }

    BackendEvent report(std::size_t row) noexcept {
        const short bits = polled_[row].revents;
        const BackendEvent event{armed_[row].token, events_of(bits)};
        armed_[row].what &= static_cast<Events>(~event.what);
        if (armed_[row].what == events::none || (bits & (POLLNVAL | POLLERR | POLLHUP)) != 0) {
            remove_row(row);
        } else {
            polled_[row].events = bits_of(armed_[row].what);
        }
        return event;
    }

    void woken() {
        if ((polled_[0].revents & POLLIN) == 0) {
            throw std::system_error(EBADF, std::generic_category(), "the hub's eventfd was closed under it");
        }
        wakeup_.reset();
    }

    Wakeup wakeup_;
    std::vector<pollfd> polled_;
    std::vector<BackendEvent> armed_;  // parallel to polled_: the token and the armed kinds
    std::vector<std::uint32_t> row_of_;
    std::vector<BackendEvent> events_;
};

}  // namespace

std::unique_ptr<Backend> make_poll_backend() {
    return std::make_unique<PollBackend>();
}

}  // namespace tendril::detail
