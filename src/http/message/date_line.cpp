// SPDX-License-Identifier: MIT

#include "http/message/date_line.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>

#include "http/message/date.hpp"
#include "hub/here.hpp"

namespace tendril::http::detail {

namespace {

struct Line {
    std::array<char, 37> text{'D', 'a', 't', 'e', ':', ' '};
    std::int64_t good_until_ns = INT64_MIN;  // on the steady clock
};
constinit thread_local Line line;

}  // namespace

std::string_view date_line() noexcept {
    const std::int64_t now_ns = tendril::detail::here::clock_ns();
    if (now_ns >= line.good_until_ns) [[unlikely]] {
        const auto now = std::chrono::system_clock::now();
        const std::array<char, 29> date = date_text(now);
        std::copy(date.begin(), date.end(), line.text.begin() + 6);
        std::memcpy(line.text.data() + 35, "\r\n", 2);
        const auto begun = std::chrono::floor<std::chrono::seconds>(now);
        line.good_until_ns =
            now_ns +
            std::chrono::duration_cast<std::chrono::nanoseconds>(begun + std::chrono::seconds(1) - now).count();
    }
    return {line.text.data(), line.text.size()};
}

}  // namespace tendril::http::detail
