// SPDX-License-Identifier: MIT
//
// Epoll: an epoll descriptor. The hub waits for it as for any other descriptor.

#include <algorithm>
#include <string>

#include <tendril/select.hpp>

#include "base/sys.hpp"
#include "net/poll.hpp"
#include "net/transfer.hpp"

namespace tendril {

using detail::fail;
using detail::Handle;

Epoll::Epoll() {
    handle_ = Handle(
        detail::here::descriptors().open(sys::checked(sys::epoll_create(), "cannot create an epoll descriptor")));
}

void Epoll::add(AnyFd fd, std::uint32_t events, std::uint64_t data) {
    control(EPOLL_CTL_ADD, fd, events, data, "Epoll::add");
}

void Epoll::modify(AnyFd fd, std::uint32_t events, std::uint64_t data) {
    control(EPOLL_CTL_MOD, fd, events, data, "Epoll::modify");
}

void Epoll::remove(AnyFd fd) {
    control(EPOLL_CTL_DEL, fd, 0, 0, "Epoll::remove");
}

void Epoll::control(int operation, AnyFd fd, std::uint32_t events, std::uint64_t data, const char* what) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = data;
    if (const int r = sys::epoll_ctl(handle_.use("an Epoll").fd, operation, fd.number(), &event); r < 0) {
        fail(r, std::string(what) + " of descriptor " + std::to_string(fd.number()));
    }
}

std::vector<EpollEvent> Epoll::wait(Deadline deadline, std::size_t most) {
    constexpr std::size_t at_once = 1024;
    const int fd = handle_.use("an Epoll").fd;  // during the wait the object itself may be destroyed
    detail::here::refuse_in_callback();
    if (!detail::turn_while_open(fd, std::nullopt, "Epoll::wait")) {
        fail(-EBADF, "Epoll::wait: closed by another green thread");
    }
    std::vector<epoll_event> raw(std::clamp<std::size_t>(most, 1, at_once));
    for (;;) {
        const int n = sys::epoll_wait(fd, raw.data(), static_cast<int>(raw.size()), 0);
        if (n > 0) {
            std::vector<EpollEvent> events(static_cast<std::size_t>(n));
            std::transform(raw.begin(), raw.begin() + n, events.begin(), [](const epoll_event& e) {
                return EpollEvent{e.events, e.data.u64};
            });
            return events;
        }
        if (n < 0 && n != -EINTR) {
            fail(n, "Epoll::wait");
        }
        pollfd itself{fd, POLLIN, 0};
        if (detail::wait_for_any({&itself, 1}, "Epoll::wait", deadline) == 0) {
            return {};
        }
        if ((itself.revents & POLLNVAL) != 0) {
            fail(-EBADF, "Epoll::wait: closed by another green thread");
        }
    }
}

}  // namespace tendril
