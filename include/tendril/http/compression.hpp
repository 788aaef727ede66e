// SPDX-License-Identifier: MIT
// Floor: http
//
// Compression: when a server compresses its responses with gzip. Pure.
//
// Not for pages that hold both a secret and text that an attacker can choose: the size of the whole would reveal the
// secret (BREACH). A handler of such a page sets Cache-Control: no-transform, and its response is sent as it is.

#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace tendril::http {

// Returns: whether this type is worth compressing: text/..., JSON, JavaScript, XML, SVG, WebAssembly and their like.
// Parameters of the type are ignored.
bool is_compressible(std::string_view media_type) noexcept;

struct Compression {
    int level = 6;                // 1 (fast) to 9 (small)
    std::size_t min_size = 1024;  // bytes; shorter bodies are sent as they are, if they are sent whole
    // Decides by the response's Content-Type whether to compress it. Must not wait.
    std::function<bool(std::string_view media_type)> of = &is_compressible;
};

}  // namespace tendril::http
