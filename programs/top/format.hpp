// SPDX-License-Identifier: MIT
//
// Numbers and texts for a page of a terminal. Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tendril::top {

std::string grouped(double number);     // 12,345
std::string time_text(double seconds);  // "850 ns", "1.2 ms", "3.4 s", "2:05", "1:02:03", "3 d 4 h"
std::string bytes_text(double bytes);   // "1.4 MiB"
std::string place_text(std::string_view file, double line);  // "main.cpp:12", "" without a file

// Without characters that would control the terminal.
std::string plain(std::string text);

// Exactly `width` characters: cut, or filled with blanks; at the left with `right`.
std::string fitted(std::string_view text, std::size_t width, bool right = false);

}  // namespace tendril::top
