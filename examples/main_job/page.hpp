// SPDX-License-Identifier: MIT
//
// The pages, in the shape of HTTP/1.1: just enough for a browser, curl and wrk. Goes once tendril has an HTTP server.

#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace demo {

inline constexpr std::string_view end_of_head = "\r\n\r\n";
inline constexpr std::size_t longest_head = 8192;
inline constexpr std::chrono::milliseconds slow_page_delay{50};

struct Answer {
    std::string text;                    // head and body
    std::chrono::milliseconds delay{0};  // send it after so long
    bool last = false;                   // close the connection then
};

// To a request's head, with or without its empty line; to whatever is no request: 400.
Answer answer_to(std::string_view head);

}  // namespace demo
