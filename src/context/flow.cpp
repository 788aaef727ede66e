// SPDX-License-Identifier: MIT
//
// What is rare in a switch: floating-point control that differs.

#include "context/flow.hpp"

namespace tendril::detail {

namespace {

// What flows without an environment of their own have, while one runs that has. Their rounding and masks differ, and
// are loaded after it.
constinit thread_local FpEnvironment common_environment;

}  // namespace

void exchange_environment(Flow& from, const Flow& to) noexcept {
    if (from.has_own_environment()) {
        from.environment.save();
    } else {
        common_environment.save();
    }
    if (to.has_own_environment()) {
        to.environment.load();
    } else {
        common_environment.load();
        to.fp_control.load();
    }
}

void take_environment(const Flow& to) noexcept {
    common_environment.save();
    to.environment.load();
}

void load_control(const Flow& to) noexcept {
    if (to.has_own_environment()) {
        to.fp_control.load_alone();  // the rest came with its environment
    } else {
        to.fp_control.load();
    }
}

void Flow::begin_own_environment() noexcept {
    common_environment.save();
    unusual |= own_environment;
}

void Flow::end_own_environment() noexcept {
    common_environment.load();
    FpControl now;
    now.save();
    now.load();  // the rounding that was set meanwhile, by both words or by one, is the flow's
    unusual &= static_cast<std::uint8_t>(~own_environment);
}

}  // namespace tendril::detail
