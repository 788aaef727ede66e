// SPDX-License-Identifier: MIT
//
// Presence: of something that a hub must know to be there; in one of the hub's lists while it is.

#pragma once

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

struct Presence : ListNode {};

}  // namespace tendril::detail
