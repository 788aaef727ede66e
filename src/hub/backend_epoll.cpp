// SPDX-License-Identifier: MIT
//
// The epoll(7) backend, edge-triggered: each descriptor is registered once, for all events.

#include <array>
#include <system_error>

#include "base/sys.hpp"
#include "hub/backend.hpp"
#include "hub/wakeup.hpp"

namespace tendril::detail {

namespace {

constexpr std::uint64_t wake_token = UINT64_MAX;

Events events_of(std::uint32_t bits) noexcept {
    const auto if_any = [bits](std::uint32_t mask, Events what) { return (bits & mask) != 0 ? what : events::none; };
    return static_cast<Events>(if_any(EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP, events::read) |
                               if_any(EPOLLOUT | EPOLLERR | EPOLLHUP, events::write) |
                               if_any(EPOLLPRI, events::priority) |
                               if_any(EPOLLRDHUP | EPOLLERR | EPOLLHUP, events::hangup));
}

class EpollBackend final : public Backend {
public:
    EpollBackend()
        : Backend(true), epoll_(sys::checked(sys::epoll_create(), "the hub cannot create its epoll descriptor")) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;
        event.data.u64 = wake_token;
        sys::checked(sys::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wakeup_.fd(), &event),
                     "the hub cannot watch its eventfd");
    }

    const char* name() const noexcept override { return "epoll"; }

    int arm(int fd, std::uint64_t token, Events /*what*/, bool again) noexcept override {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
        event.data.u64 = token;
        const int r = again ? -EEXIST : sys::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
        return r == -EEXIST ? sys::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) : r;
    }

    // A closed descriptor leaves the set by itself, unless a duplicate lives on, perhaps in another process.
    void disarm(int fd, std::uint64_t /*token*/) noexcept override {
        epoll_event event{};
        sys::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, &event);
    }

    std::span<const BackendEvent> wait(std::int64_t timeout_ns) override {
        const int n = sys::epoll_wait(epoll_.get(), raw_.data(), static_cast<int>(raw_.size()), timeout_ns);
        if (n < 0) {
            if (n == -EINTR) {
                return {};
            }
            throw std::system_error(-n, std::generic_category(),
                                    "the hub's epoll_wait failed (was its descriptor closed?)");
        }
        std::size_t count = 0;
        for (int i = 0; i < n; ++i) {
            const epoll_event& e = raw_[static_cast<std::size_t>(i)];
            if (e.data.u64 != wake_token) {  // edge-triggered: need not be read
                events_[count++] = {e.data.u64, events_of(e.events)};
            }
        }
        return {events_.data(), count};
    }

    void wake() noexcept override { wakeup_.wake(); }
    int descriptor() noexcept override { return epoll_.get(); }

private:
    static constexpr std::size_t batch = 256;
    Fd epoll_;
    OwnNumber own_{epoll_.get()};
    Wakeup wakeup_;
    std::array<epoll_event, batch> raw_;
    std::array<BackendEvent, batch> events_;
};

}  // namespace

std::unique_ptr<Backend> make_epoll_backend() {
    return std::make_unique<EpollBackend>();
}

}  // namespace tendril::detail
