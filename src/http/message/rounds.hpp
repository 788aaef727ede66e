// SPDX-License-Identifier: MIT
//
// Rounds: makes a loop over calls that may succeed at once ask its deadline.
//
// A call on a Stream is tried before its deadline counts, so a peer that keeps sending could hold a loop of such calls
// past any deadline: none of them ever waits. Every loop of this floor whose length a peer decides has a Rounds. One
// that reads a Source ends by Source::time_out(), so that a request's body knows the error for its client's.

#pragma once

#include <tendril/deadline.hpp>

namespace tendril::http::detail {

class Rounds {
public:
    explicit Rounds(Deadline deadline) noexcept : deadline_(deadline) {}

    // Counts a round. Returns: whether the loop must end. The first rounds are free, so that a call whose deadline has
    // already passed still takes what is at hand; then the clock decides.
    bool over() noexcept { return ++done_ > free && deadline_.passed(); }

private:
    static constexpr unsigned free = 16;

    Deadline deadline_;
    unsigned done_ = 0;
};

}  // namespace tendril::http::detail
