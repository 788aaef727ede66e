// SPDX-License-Identifier: MIT
//
// ShieldIfHub: a Shield if there is a hub. After the hub has ended, nothing can interrupt the caller any more. For the
// destructors of objects that may outlive their hub. Not for users.

#pragma once

#include <optional>

#include <tendril/shield.hpp>

namespace tendril::detail {

class ShieldIfHub {
public:
    ShieldIfHub();

private:
    std::optional<Shield> shield_;
};

}  // namespace tendril::detail
