// SPDX-License-Identifier: MIT

#include <tendril/float_environment.hpp>

#include "hub/here.hpp"

namespace tendril {

FloatEnvironment::FloatEnvironment() : fiber_(&detail::here::fiber()) {
    if (fiber_->has_own_environment()) {
        fiber_ = nullptr;
    } else {
        fiber_->begin_own_environment();
    }
}

FloatEnvironment::~FloatEnvironment() {
    if (fiber_ != nullptr) {
        fiber_->end_own_environment();
    }
}

}  // namespace tendril
