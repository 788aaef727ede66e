// SPDX-License-Identifier: MIT
// Floor: base
//
// Site: a place in the source, recorded by `Site::here()` in a default argument. std::source_location would do the
// same, but Clang 14 lacks it.

#pragma once

namespace tendril {

struct Site {
    const char* file = "";      // as the compiler names it
    const char* function = "";  // as the compiler writes it
    int line = 0;               // 0: unknown

    // As a default argument, returns the place of the call. Its own default arguments achieve that; don't pass them.
    static constexpr Site here(const char* file = __builtin_FILE(), const char* function = __builtin_FUNCTION(),
                               int line = __builtin_LINE()) noexcept {
        return {file, function, line};
    }
};

}  // namespace tendril
