// SPDX-License-Identifier: MIT
//
// Rounds: checks the deadline in loops whose calls may all succeed at once.
//
// A call on a Stream is tried before its deadline counts, so a peer that keeps sending could hold a loop of such calls
// past any deadline: no call ever waits. Every loop on this floor whose length a peer decides has a Rounds. A loop that
// reads a Source ends by Source::time_out(), so that a request's body can tell a client's error from a handler's.

#pragma once

#include <tendril/deadline.hpp>

namespace tendril::http::detail {

class Rounds {
public:
    explicit Rounds(Deadline deadline) noexcept : deadline_(deadline) {}

    // Counts a round. The first 16 rounds are free, so that a call with a passed deadline still takes what has already
    // arrived; after that the clock decides.
    // Returns: whether the loop must end.
    bool over() noexcept { return ++done_ > free && deadline_.passed(); }

private:
    static constexpr unsigned free = 16;

    Deadline deadline_;
    unsigned done_ = 0;
};

}  // namespace tendril::http::detail
