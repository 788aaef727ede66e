// SPDX-License-Identifier: MIT

#include "pool/shield_if_hub.hpp"

#include "hub/here.hpp"

namespace tendril::detail {

ShieldIfHub::ShieldIfHub() {
    if (here::has_hub()) {
        shield_.emplace();
    }
}

}  // namespace tendril::detail
