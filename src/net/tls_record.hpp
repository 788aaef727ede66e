// SPDX-License-Identifier: MIT
//
// The record of TLS: RFC 8446, 5.1.

#pragma once

#include <cstddef>

namespace tendril::detail {

inline constexpr std::size_t most_in_record = 16384;  // bytes of data

}  // namespace tendril::detail
