// SPDX-License-Identifier: MIT
//
// Orphans: children that live longer than their Popen. They are reaped when they end, so that no zombie is left. The
// hub that started them does this: it watches their pidfds, which does not keep it alive. Once that hub has ended,
// sweep_orphans() does, which every new Popen of any hub calls.

#pragma once

#include <memory>

#include "process/child_process.hpp"

namespace tendril::detail {

// Takes over a child that its Popen leaves. Aborts if green threads still wait for it, naming them.
void adopt_orphan(std::unique_ptr<ChildProcess> child) noexcept;

// Reaps the orphans that have ended and that no hub watches. May be called from any OS thread.
void sweep_orphans() noexcept;

}  // namespace tendril::detail
