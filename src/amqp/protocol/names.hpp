// SPDX-License-Identifier: MIT
//
// What holds for every name in AMQP: of exchanges, queues, consumers, routing keys.

#pragma once

#include <cstddef>

namespace tendril::amqp::detail {

inline constexpr std::size_t longest_name = 255;  // bytes

}  // namespace tendril::amqp::detail
