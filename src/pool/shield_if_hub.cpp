// SPDX-License-Identifier: MIT

#include <tendril/detail/pool/shield_if_hub.hpp>

#include "hub/hub_core.hpp"

namespace tendril::detail {

ShieldIfHub::ShieldIfHub() {
    if (HubCore::if_any() != nullptr) {
        shield_.emplace();
    }
}

}  // namespace tendril::detail
