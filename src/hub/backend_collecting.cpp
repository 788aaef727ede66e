// SPDX-License-Identifier: MIT

#include "hub/backend_collecting.hpp"

#include <algorithm>
#include <stdexcept>

#include <tendril/deadline.hpp>
#include <tendril/duration.hpp>

#include "base/sys.hpp"

namespace tendril::detail {

// A wait without a sleep is that of a hub with green threads to run: it is left alone.
std::span<const BackendEvent> CollectingBackend::wait(std::int64_t timeout_ns) {
    if (timeout_ns == 0) {
        return wrapped_->wait(0);
    }
    std::int64_t longest = timeout_ns < 0 ? timeout_ns : std::max(timeout_ns, timers_ns_);
    if (events_ns_ != 0) {
        const std::int64_t begun = Deadline::now_ns();
        const std::int64_t collects = looked_ns_ + events_ns_ - begun;
        if (const std::int64_t pause = longest < 0 ? collects : std::min(collects, longest); pause > 0) {
            sys::pause(pause);
            if (longest > 0) {
                longest = std::max<std::int64_t>(longest - (Deadline::now_ns() - begun), 0);
            }
        }
    }
    const std::span<const BackendEvent> events = wrapped_->wait(longest);
    looked_ns_ = Deadline::now_ns();
    return events;
}

Backend& innermost(Backend& backend) noexcept {
    const auto* collecting = dynamic_cast<const CollectingBackend*>(&backend);
    return collecting != nullptr ? collecting->wrapped() : backend;
}

void collect(std::unique_ptr<Backend>& backend, Duration events, Duration timers) {
    using namespace std::chrono_literals;
    if (events > Duration(1s) || timers > Duration(1s)) {
        throw std::invalid_argument("a hub collects events for a second at most: kills and other OS threads would wait "
                                    "as long");
    }
    auto* collecting = dynamic_cast<CollectingBackend*>(backend.get());
    if (events == Duration() && timers == Duration()) {
        if (collecting != nullptr) {
            backend = collecting->take();
        }
        return;
    }
    if (collecting == nullptr) {
        collecting = new CollectingBackend(std::move(backend));  // which takes it only once there is memory
        backend.reset(collecting);
    }
    collecting->set(events.count(), timers.count());
}

}  // namespace tendril::detail
