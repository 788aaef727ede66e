// SPDX-License-Identifier: MIT
//
// The public class Hub.

#include <tendril/hub.hpp>

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

void Hub::set_error_handler(ErrorHandler handler) {
    detail::here::require_owner("a Hub", core_.os.serial);
    core_.error_handler = std::move(handler);
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
