// SPDX-License-Identifier: MIT
//
// The public class Hub.

#include <tendril/hub.hpp>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "hub/backend_collecting.hpp"
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

std::vector<std::string_view> Hub::backends() {
    return detail::backend_names();
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
        core_.timers.arm_background(limit, deadline);
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
    std::size_t pending = 0;
    core_.callbacks.for_each([&](const detail::HubCallback&) { ++pending; });
    return {core_.live,
            core_.os.stacks.used(),
            core_.os.stacks.free(),
            core_.timers.size(),
            core_.descriptors.open_count(),
            core_.descriptors.waiting(),
            keeping,
            core_.ready.size(),
            pending,
            core_.heartbeat.beats()};
}

Deadline::Clock::time_point Hub::now() const {
    detail::here::require_owner("a Hub", core_.os.serial);
    return Deadline::Clock::time_point(std::chrono::nanoseconds(core_.clock_ns));
}

void Hub::update_now() {
    detail::here::require_owner("a Hub", core_.os.serial);
    core_.clock_ns = Deadline::now_ns();
}

void Hub::suspend() {
    detail::here::require_owner("a Hub", core_.os.serial);
    if (core_.suspended_ns == 0) {
        core_.suspended_ns = Deadline::now_ns();
    }
}

void Hub::resume() {
    detail::here::require_owner("a Hub", core_.os.serial);
    if (const std::int64_t since = std::exchange(core_.suspended_ns, 0); since != 0) {
        core_.clock_ns = Deadline::now_ns();
        core_.postponed_ns += core_.clock_ns - since;
        core_.timers.postpone(core_.clock_ns - since);
    }
}

void Hub::set_collect_intervals(Duration events, Duration timers) {
    detail::here::require_owner("a Hub", core_.os.serial);
    detail::collect(core_.backend, events, timers);
    core_.collects_mail = events != Duration();
}

void Hub::set_timer_slack(Duration most) {
    detail::here::require_owner("a Hub", core_.os.serial);
    core_.timers.set_most_slack(most.count());
}

const char* Hub::backend() const noexcept {
    return core_.backend->name();
}

}  // namespace tendril
