// SPDX-License-Identifier: MIT
//
// Makes untrusted text safe for a line of a log, between quotes, and on a terminal. Any OS thread may call these.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tendril::detail {

// Appends `text`, in ASCII and UTF-8. Writes as \xNN, byte by byte: controls (C0, DEL, C1), characters that end a line
// or change its direction in Unicode (U+2028, U+2029, the bidi marks, embeddings and isolates), the byte order mark,
// quotes, backslashes, and bytes that are not UTF-8.
void append_escaped(std::string& line, std::string_view text);

// Returns the same for the first `most` bytes; "..." follows if there were more.
std::string escaped(std::string_view text, std::size_t most = std::string_view::npos);

// Returns one line for a terminal: replaces each byte of the same characters, except quotes and backslashes, by a '?'.
std::string visible(std::string text) noexcept;

// Whether the text has none of these characters; quotes and backslashes do not count.
bool is_plain(std::string_view text) noexcept;

}  // namespace tendril::detail
