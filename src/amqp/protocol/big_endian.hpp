// SPDX-License-Identifier: MIT
//
// big_endian(): an integer as the wire has it, the highest byte first, and back.

#pragma once

#include <bit>
#include <concepts>
#include <cstdint>

namespace tendril::amqp::detail {

template <std::unsigned_integral I>
constexpr I big_endian(I n) noexcept {
    if constexpr (std::endian::native == std::endian::big || sizeof(I) == 1) {
        return n;
    } else if constexpr (sizeof(I) == 2) {
        return __builtin_bswap16(n);
    } else if constexpr (sizeof(I) == 4) {
        return __builtin_bswap32(n);
    } else {
        return __builtin_bswap64(n);
    }
}

}  // namespace tendril::amqp::detail
