// SPDX-License-Identifier: MIT
//
// The public class Hub.

#include <tendril/hub.hpp>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "hub/here.hpp"
#include "hub/hub_core.hpp"

namespace tendril {

using detail::HubCore;

Hub& Hub::current() {
    return HubCore::here().facade;
}

void Hub::use_backend(std::string_view name) {
    HubCore::use_backend(name);
}

bool Hub::run_until_idle(Deadline deadline) {
    detail::here::require_owner("a Hub", core_.os.serial);
    detail::Waiter waiter("run_until_idle");
    core_.until_idle.push_back(waiter);
    struct Limit : detail::Timer {  // instead of the waiter's own deadline, which would keep the hub busy
        HubCore& core;
        detail::Waiter& waiter;
        Limit(HubCore& c, detail::Waiter& w) noexcept
            : Timer([](detail::Timer& self) noexcept {
                  static_cast<Limit&>(self).waiter.resolve(detail::Outcome::timed_out);
              }),
              core(c), waiter(w) {}
        ~Limit() { core.timers.cancel(*this); }
    } limit{core_, waiter};
    if (!deadline.is_never()) {
        core_.timers.arm_background(limit, deadline.ns());
    }
    return waiter.wait(never) == detail::Outcome::signalled;
}

Deadline Hub::turn() {
    detail::here::require_owner("a Hub", core_.os.serial);
    return core_.turn_inside();
}

void Hub::run_ready() {
    detail::here::require_owner("a Hub", core_.os.serial);
    core_.run_ready_inside();
}

Deadline Hub::next_turn() const {
    detail::here::require_owner("a Hub", core_.os.serial);
    return core_.next_turn();
}

void Hub::set_outside(bool on) noexcept {
    core_.set_outside(on);
}

int Hub::descriptor() const {
    detail::here::require_owner("a Hub", core_.os.serial);
    const int fd = core_.backend->descriptor();
    if (fd == -ENOTSUP) {
        throw std::system_error(ENOTSUP, std::generic_category(),
                                std::string("the hub's backend \"") + core_.backend->name() +
                                    "\" has no descriptor that another loop could poll; use epoll or io_uring, or "
                                    "call turn() now and then");
    }
    if (fd < 0) {
        throw std::system_error(-fd, std::generic_category(), "the hub cannot make a descriptor for another loop");
    }
    return fd;
}

void Hub::set_error_handler(ErrorHandler handler) {
    detail::here::require_owner("a Hub", core_.os.serial);
    core_.error_handler = std::move(handler);
}

void Hub::set_error_handler_for_all(ErrorHandler handler) {
    HubCore::use_error_handler(std::move(handler));
}

HubStats Hub::stats() const noexcept {
    std::size_t keeping = core_.mailbox->expectations();
    core_.keeping.for_each([&](const detail::Presence&) { ++keeping; });
    return {core_.live,
            core_.os.stacks.used(),
            core_.os.stacks.free(),
            core_.timers.size(),
            core_.descriptors.open_count(),
            core_.descriptors.waiting(),
            keeping};
}

const char* Hub::backend() const noexcept {
    return core_.backend->name();
}

}  // namespace tendril
