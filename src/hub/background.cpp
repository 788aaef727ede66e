// SPDX-License-Identifier: MIT

#include <tendril/background.hpp>

#include <utility>

#include "hub/here.hpp"

namespace tendril {

Background::Background() : fiber_(&detail::here::fiber()), before_(std::exchange(fiber_->daemon, true)) {}

Background::~Background() {
    fiber_->daemon = fiber_->daemon && before_;  // a kill has ended all that were there
}

}  // namespace tendril
