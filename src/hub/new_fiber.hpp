// SPDX-License-Identifier: MIT
//
// The making of a fiber: stack, control block, room for the closure, first registers.

#pragma once

#include "hub/hub_core.hpp"

namespace tendril::detail {

// Not in the run queue yet. Throws: as spawn().
Fiber& new_fiber(HubCore& hub, const Blueprint& blueprint, const SpawnOptions& options);

// A value's destructor may make, read and wait like any code; what it makes goes too.
void destroy_locals(Fiber& fiber) noexcept;

// Its green thread will never run again: to handles that outlive the hub it is a killed one.
void disown_record(Record& record) noexcept;

}  // namespace tendril::detail
