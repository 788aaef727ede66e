// SPDX-License-Identifier: MIT
//
// Presence: stands for an object that a hub must know to exist; in one of the hub's lists while it does.

#pragma once

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

struct Presence : ListNode {};

}  // namespace tendril::detail
