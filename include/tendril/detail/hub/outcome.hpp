// SPDX-License-Identifier: MIT
//
// Outcome: how a wait ended.

#pragma once

#include <cstdint>

namespace tendril::detail {

enum class Outcome : std::uint8_t {
    waiting,
    signalled,    // the event came; nothing is lost if the waiter then throws instead
    handed,       // an item was handed over: the waiter must take it, and throw a later interrupt at its next wait
    timed_out,    // its own deadline passed
    closed,       // the object it waited on is gone
    interrupted,  // wait() throws
    stands_in,    // not a wait of its own: see StandIn of hub/waiter.hpp
};

// What the slot of a wait points to.
enum class SlotUse : std::uint8_t {
    handover,    // memory of the primitive's own
    holder,      // the id of the green thread that holds the object: std::uint64_t, 0: none
    last_taker,  // the id of the green thread that last took from it, likewise
};

}  // namespace tendril::detail
