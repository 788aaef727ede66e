// SPDX-License-Identifier: MIT
//
// big_endian(): an integer as the wire has it, the highest byte first, and back. load_big_endian(): one of the wire.

#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>

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

// Requires: there are that many bytes.
template <std::unsigned_integral I>
I load_big_endian(const char* at) noexcept {
    I n = 0;
    std::memcpy(&n, at, sizeof(I));  // one load, where single bytes would be as many
    return big_endian(n);
}

}  // namespace tendril::amqp::detail
