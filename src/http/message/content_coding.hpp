// SPDX-License-Identifier: MIT
//
// ContentCoding: a response's body as gzip, for clients who accept it: RFC 9110, 8.4. Pure.

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
    // Shall the response be coded, as far as it can be told before its body is there? type: when its headers have none.
    // Where the client's wish decides, notes that in Vary.
    static bool wanted(const Compression& compression, const Headers& request, Headers& response, int status,
                       std::string_view type);

    void begin(int level) { deflater_.emplace(Wrapping::gzip, level); }
    void end() noexcept { deflater_.reset(); }
    bool is_on() const noexcept { return deflater_.has_value(); }
    void trim(std::size_t most) noexcept {  // gives memory back, when it is more than that
        if (coded_.capacity() > most) {
            std::string().swap(coded_);
        }
    }

    // What comes of it, perhaps nothing yet; with `flush` all of it. Good until the next call.
    std::string_view code(Bytes body, bool flush);
    std::string_view finish(Bytes rest);

    // What the headers say of a body that is coded: RFC 9110, 8.8.1: the same ETag would mean the same bytes.
    static void mark(Headers& response);

private:
    std::optional<Deflater> deflater_;
    std::string coded_;
};

}  // namespace tendril::http::detail
