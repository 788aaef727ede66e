// SPDX-License-Identifier: MIT

#include <tendril/background.hpp>

#include <utility>

#include "hub/here.hpp"

namespace tendril {

Background::Background() : fiber_(&detail::here::fiber()), before_(std::exchange(fiber_->daemon, true)) {}

Background::~Background() {
    fiber_->daemon = before_;
}

}  // namespace tendril
