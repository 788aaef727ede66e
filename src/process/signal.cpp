// SPDX-License-Identifier: MIT

#include <tendril/signal.hpp>

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <tendril/dump.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>

#include "hub/here.hpp"

namespace tendril {

namespace {

// The green threads of one on_signal(). Destroyed with the Signal.
struct Runs {
    Group group;
    Runs() = default;
    Runs(const Runs&) = delete;
    Runs& operator=(const Runs&) = delete;
    ~Runs() {
        if (detail::here::has_hub() && (detail::here::fiber().attention & detail::Fiber::in_callback) != 0) {
            for (const AnyGreenlet& each : group.members()) {
                group.discard(each);
            }
        }
    }
};

}  // namespace

Signal on_signal(int number, std::function<void(int)> f, Site where) {
    if (!f) {
        throw std::invalid_argument("on_signal() needs a function to run; this one is empty");
    }
    const auto shared = std::make_shared<const std::function<void(int)>>(std::move(f));
    const auto runs = std::make_shared<Runs>();
    return Signal(number, [shared, runs, where](int came) {
        runs->group.spawn_n(SpawnOptions{.name = "signal " + std::to_string(came), .where = where},
                            [shared, came] { (*shared)(came); });
    });
}

Signal on_signal(int number, std::function<void()> f, Site where) {
    return on_signal(number, f ? std::function<void(int)>([f = std::move(f)](int) { f(); }) : nullptr, where);
}

Signal dump_on_signal(int number) {
    return Signal(number, [](int) { dump(std::cerr); });
}

}  // namespace tendril
