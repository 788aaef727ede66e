// SPDX-License-Identifier: MIT
//
// The making of a fiber: stack, control block, room for the closure, first registers.

#pragma once

#include "hub/hub_core.hpp"

namespace tendril::detail {

// Makes a fiber that is not in the run queue yet. Throws: as spawn().
Fiber& new_fiber(HubCore& hub, const Blueprint& blueprint, const SpawnOptions& options);

// Destroys the values of its Locals, also those that their destructors make. These may read other Locals and wait, like
// any code.
void destroy_locals(Fiber& fiber) noexcept;

// For a green thread that will never run again: handles that outlive the hub see it as killed.
void disown_record(Record& record) noexcept;

}  // namespace tendril::detail
