// SPDX-License-Identifier: MIT
//
// snapshot_from_outside(): snapshot_all() for an OS thread that has no hub, and needs none.

#pragma once

#include <chrono>
#include <vector>

#include <tendril/snapshot.hpp>

namespace tendril::detail {

// Blocks the OS thread, for `patience` at most. Throws: std::bad_alloc.
std::vector<HubSnapshot> snapshot_from_outside(SnapshotOptions options, std::chrono::nanoseconds patience);

}  // namespace tendril::detail
