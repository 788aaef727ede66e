// SPDX-License-Identifier: MIT
//
// The hub's own observer of switches, besides the user's (set_switch_observer()): it sees those between green threads,
// and not those of raw contexts. Both hang on OsThread::observer, the one thing that a switch tests.

#pragma once

#include "context/os_thread.hpp"

namespace tendril::detail {

// Sets it for this OS thread; nullptr: none. It must not throw, switch or wait.
void set_hub_observer(OsThread& os, SwitchObserver observer) noexcept;

// Notifies the user's observer alone, of a switch between raw contexts.
void observe_contexts(OsThread& os, SwitchEvent::Kind kind, std::uint64_t from, std::uint64_t to);

}  // namespace tendril::detail
