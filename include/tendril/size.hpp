// SPDX-License-Identifier: MIT
// Floor: base
//
// Size: a number of items. Built from any integer; refuses a negative one, which would silently become huge as a
// std::size_t.

#pragma once

#include <concepts>
#include <cstddef>
#include <limits>
#include <type_traits>

namespace tendril {

// No limit, where a function allows that.
inline constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

class Size {
public:
    // Throws: std::invalid_argument when negative.
    template <std::integral I>
    requires(!std::same_as<I, bool>) constexpr Size(I n) : n_(static_cast<std::size_t>(n)) {  // implicit on purpose
        if constexpr (std::is_signed_v<I>) {
            if (n < 0) {
                refuse(n);
            }
        }
    }
    constexpr operator std::size_t() const noexcept { return n_; }  // implicit on purpose

private:
    [[noreturn]] static void refuse(long long n);
    std::size_t n_;
};

}  // namespace tendril
