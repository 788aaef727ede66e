// SPDX-License-Identifier: MIT

#include "base/no_nul.hpp"

#include <stdexcept>

#include "base/escape.hpp"

namespace tendril::detail {

void require_no_nul(std::string_view text, const char* what) {
    constexpr std::size_t quoted = 255;
    if (text.find('\0') != std::string_view::npos) {
        throw std::invalid_argument(std::string(what) + " contains a zero byte: \"" + escaped(text, quoted) + '"');
    }
}

}  // namespace tendril::detail
