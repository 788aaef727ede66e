// SPDX-License-Identifier: MIT
//
// The Date header for now, made once a second in each OS thread. RFC 9110, 6.6.1.

#pragma once

#include <string_view>

namespace tendril::http::detail {

std::string_view date_line() noexcept;  // "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n"

}  // namespace tendril::http::detail
