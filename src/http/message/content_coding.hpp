// SPDX-License-Identifier: MIT
//
// ContentCoding: gzips a response's body for clients that accept it: RFC 9110, 8.4. Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tendril/http/compression.hpp>
#include <tendril/http/headers.hpp>

#include "http/message/deflate.hpp"

namespace tendril::http::detail {

class ContentCoding {
public:
    // Whether to compress the response, as far as can be known before there is a body. `type` is used if the response's
    // headers have no Content-Type. Adds Accept-Encoding to Vary where the client's wish decides.
    static bool wanted(const Compression& compression, const Headers& request, Headers& response, int status,
                       std::string_view type);

    void begin(int level) { deflater_.emplace(Wrapping::gzip, level); }
    void end() noexcept { deflater_.reset(); }
    bool is_on() const noexcept { return deflater_.has_value(); }
    void trim(std::size_t most) noexcept {  // frees the memory if it is larger
        if (coded_.capacity() > most) {
            std::string().swap(coded_);
        }
    }

    // Returns: the compressed output so far, possibly empty; with `flush`, all of it. Valid until the next call.
    std::string_view code(Bytes body, bool flush);
    std::string_view finish(Bytes rest);

    // Adapts the headers to a compressed body. A strong ETag becomes weak: it would promise the same bytes (RFC 9110,
    // 8.8.1).
    static void mark(Headers& response);

private:
    std::optional<Deflater> deflater_;
    std::string coded_;
};

}  // namespace tendril::http::detail
