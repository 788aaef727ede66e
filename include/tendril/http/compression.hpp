// SPDX-License-Identifier: MIT
// Floor: http
//
// Compression: when a server sends its responses with gzip. Pure.
//
// Not for pages that hold a secret beside something that an attacker may choose: the size of the whole would tell him
// of the secret (BREACH). Such a handler sets Cache-Control: no-transform, which leaves its response as it is.

#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace tendril::http {

// Text, and what is text by another name: JSON, JavaScript, XML, SVG, WebAssembly. Parameters are passed over.
bool is_compressible(std::string_view media_type) noexcept;

struct Compression {
    int level = 6;                // 1 to 9
    std::size_t min_size = 1024;  // shorter whole bodies go as they are
    std::function<bool(std::string_view media_type)> of = &is_compressible;
};

}  // namespace tendril::http
