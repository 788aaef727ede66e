// SPDX-License-Identifier: MIT
//
// ShieldIfHub: a Shield where there is a hub; when that has ended nothing can be thrown in any more. For destructors of
// what may outlive its hub. Not for users.

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
