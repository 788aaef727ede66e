// SPDX-License-Identifier: MIT
//
// Outcome: how a wait ended.

#pragma once

#include <cstdint>

namespace tendril::detail {

enum class Outcome : std::uint8_t {
    waiting,
    signalled,    // what it waited for came about; nothing is lost if the waiter then throws instead
    handed,       // it was given something: it must complete, and an interrupt that came later has to wait
    timed_out,    // by its own deadline
    closed,       // what it waited on is gone
    interrupted,  // wait() throws
    stands_in,    // not a wait of its own: see StandIn of hub/waiter.hpp
};

// What the slot of a wait is.
enum class SlotUse : std::uint8_t {
    handover,    // the primitive's own
    holder,      // the number of the green thread that holds what is waited for: std::uint64_t, 0 for nobody
    last_taker,  // ... that took some of it last
};

}  // namespace tendril::detail
