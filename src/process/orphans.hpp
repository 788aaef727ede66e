// SPDX-License-Identifier: MIT
//
// Orphans: children that live longer than their Popen. They are reaped when they end, so that no zombie is left: by the
// hub that started them, which watches their pidfds without being kept alive by it; and once that hub has ended, by
// sweep_orphans(), which every new Popen of any hub calls.

#pragma once

#include <memory>

#include "process/child.hpp"

namespace tendril::detail {

// Aborts, naming them, when green threads wait for it.
void adopt_orphan(std::unique_ptr<Child> child) noexcept;

// Reaps those that have ended and that no hub watches. From any OS thread.
void sweep_orphans() noexcept;

}  // namespace tendril::detail
