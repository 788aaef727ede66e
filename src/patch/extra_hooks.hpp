// SPDX-License-Identifier: MIT
//
// Hooks of the floors above: over functions of any object, not only of the C library.

#pragma once

#include "patch/hook.hpp"

namespace tendril::patch::detail {

// The hooks must stay where they are. To be called once, before anything of the process is patched.
void add_extra_hooks(Hooks hooks) noexcept;
Hooks extra_hooks() noexcept;

}  // namespace tendril::patch::detail
