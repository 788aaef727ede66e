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
};

}  // namespace tendril::detail
