// SPDX-License-Identifier: MIT

#include <tendril/shield.hpp>

#include "hub/hub_core.hpp"

namespace tendril {

Shield::Shield() : fiber_(*detail::HubCore::here().current) {
    ++fiber_.shields;
}

Shield::~Shield() {
    --fiber_.shields;
}

}  // namespace tendril
