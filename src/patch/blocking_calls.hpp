// SPDX-License-Identifier: MIT
//
// Blocking calls: functions of the C library that may block an OS thread for long, whether they have a hook or not.

#pragma once

#include <string_view>

namespace tendril::patch::detail {

// Whether it may block and belongs to no class: report() names those that have no hook.
bool may_block(std::string_view symbol) noexcept;

}  // namespace tendril::patch::detail
