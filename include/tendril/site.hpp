// SPDX-License-Identifier: MIT
// Floor: base
//
// Site: a place in the source, as `Site::here()` in a default argument records it. std::source_location would do, but
// Clang 14 does not have it.

#pragma once

namespace tendril {

struct Site {
    const char* file = "";
    const char* function = "";
    int line = 0;

    // As a default argument: the place of the call. The defaults here are what makes it so; don't pass them.
    static constexpr Site here(const char* file = __builtin_FILE(), const char* function = __builtin_FUNCTION(),
                               int line = __builtin_LINE()) noexcept {
        return {file, function, line};
    }
};

}  // namespace tendril
