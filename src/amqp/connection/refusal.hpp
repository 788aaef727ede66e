// SPDX-License-Identifier: MIT
//
// The errors that stand for what a broker said, and for ends without a word.

#pragma once

#include <cstdint>
#include <exception>
#include <string_view>
#include <system_error>

#include "amqp/protocol/method.hpp"

namespace tendril::amqp::detail {

// What channel.close and connection.close say. about: the method that they refuse; none: 0.
std::exception_ptr channel_refusal(int code, std::string_view text, MethodId about);
std::exception_ptr connection_refusal(int code, std::string_view text, MethodId about);

// A ConnectionLost. what: "the connection to the broker was lost".
std::exception_ptr lost(std::error_code code, std::string_view what);
std::exception_ptr closed_by_us(std::string_view what);  // "the connection was closed"

}  // namespace tendril::amqp::detail
