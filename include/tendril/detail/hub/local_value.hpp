// SPDX-License-Identifier: MIT
//
// LocalValue: the value of one Local in one green thread. Not for users.

#pragma once

#include <cstdint>

namespace tendril::detail {

// Owned by its green thread, in a list that the green thread destroys at its end, on its own stack.
struct LocalValue {
    LocalValue* older;
    std::uint64_t key;  // that of its Local; never reused for another Local
    void (*destroy)(LocalValue*) noexcept;
};

// Returns the head of the running green thread's list.
LocalValue*& locals_here();

}  // namespace tendril::detail
