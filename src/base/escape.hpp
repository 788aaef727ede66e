// SPDX-License-Identifier: MIT
//
// Text of strangers, as it may stand in a line of a log, between quotes, and on a terminal. Any OS thread.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tendril::detail {

// Appends `text`, in ASCII and UTF-8. Written as \xNN, byte by byte: controls (C0, DEL, C1), what ends a line or turns
// its direction in Unicode (U+2028, U+2029, the bidi marks, embeddings and isolates), the byte order mark, quotes,
// backslashes, and what is not UTF-8.
void append_escaped(std::string& line, std::string_view text);

// The same of at most `most` bytes of it; "..." says that there were more.
std::string escaped(std::string_view text, std::size_t most = std::string_view::npos);

// One line for a terminal: the same characters, but for quotes and backslashes, replaced by a '?' for each byte.
std::string visible(std::string text) noexcept;

// Whether nothing of it would be changed but quotes and backslashes.
bool is_plain(std::string_view text) noexcept;

}  // namespace tendril::detail
