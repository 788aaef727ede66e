// SPDX-License-Identifier: MIT
//
// LocalValue: the value of one Local in one green thread. Not for users.

#pragma once

#include <cstdint>

namespace tendril::detail {

// Owned by its green thread, in a list that it destroys at its end, on its own stack.
struct LocalValue {
    LocalValue* older;
    std::uint64_t key;  // of its Local; never used again for another
    void (*destroy)(LocalValue*) noexcept;
};

// The list of the running green thread.
LocalValue*& locals_here();

}  // namespace tendril::detail
