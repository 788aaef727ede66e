// SPDX-License-Identifier: MIT
//
// The backend by epoll(7), edge-triggered; wake() by an eventfd(2) in the same set.

#include <array>
#include <string>
#include <system_error>

#include "base/sys.hpp"
#include "hub/backend.hpp"

namespace tendril::detail {

namespace {

constexpr std::uint64_t wake_token = UINT64_MAX;

int checked(int r, const char* what) {
    if (r < 0) {
        throw std::system_error(-r, std::generic_category(), what);
    }
    return r;
}

class OwnedFd {
public:
    explicit OwnedFd(int fd) noexcept : fd_(fd) {}
    OwnedFd(const OwnedFd&) = delete;
    OwnedFd& operator=(const OwnedFd&) = delete;
    ~OwnedFd() { sys::close(fd_); }
    int get() const noexcept { return fd_; }

private:
    int fd_;
};

class EpollBackend final : public Backend {
public:
    EpollBackend()
        : epoll_(checked(sys::epoll_create(), "the hub cannot create its epoll descriptor")),
          wake_(checked(sys::eventfd(), "the hub cannot create its eventfd descriptor")) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;
        event.data.u64 = wake_token;
        checked(sys::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event), "the hub cannot watch its eventfd");
    }

    const char* name() const noexcept override { return "epoll"; }

    int add(int fd, std::uint64_t token) noexcept override {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
        event.data.u64 = token;
        return sys::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
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
            if (e.data.u64 == wake_token) {
                continue;  // edge-triggered: need not be read
            }
            const bool broken = (e.events & (EPOLLERR | EPOLLHUP)) != 0;
            events_[count++] = {e.data.u64, broken || (e.events & (EPOLLIN | EPOLLRDHUP)) != 0,
                                broken || (e.events & EPOLLOUT) != 0,
                                broken || (e.events & (EPOLLRDHUP | EPOLLPRI)) != 0};
        }
        return {events_.data(), count};
    }

    void wake() noexcept override {
        const std::uint64_t one = 1;
        if (sys::write(wake_.get(), &one, sizeof one) == -EAGAIN) {  // the counter is full, after 2^64 wake-ups
            std::uint64_t count = 0;
            sys::read(wake_.get(), &count, sizeof count);
            sys::write(wake_.get(), &one, sizeof one);
        }
    }

private:
    static constexpr std::size_t batch = 256;
    OwnedFd epoll_;
    OwnedFd wake_;
    std::array<epoll_event, batch> raw_;
    std::array<BackendEvent, batch> events_;
};

}  // namespace

std::unique_ptr<Backend> make_epoll_backend() {
    return std::make_unique<EpollBackend>();
}

}  // namespace tendril::detail
