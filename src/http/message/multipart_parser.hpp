// SPDX-License-Identifier: MIT
//
// MultipartParser: parses a multipart body as it arrives: RFC 2046, 5.1, strictly (lines end with CRLF, whatever begins
// like a delimiter is one). Pure and resumable at any byte; looks at each byte a bounded number of times.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tendril/http/headers.hpp>
#include <tendril/http/multipart.hpp>

#include "http/message/field_parser.hpp"

namespace tendril::http::detail {

// Returns: the boundary parameter of a Content-Type.
// Throws: ProtocolError: 415 if it is not multipart; 400 if it has no boundary, two, or an invalid one.
std::string multipart_boundary(std::string_view content_type);

class MultipartParser {
public:
    enum class Event : std::uint8_t {
        more,  // input was consumed, nothing else happened
        part,  // a part begins, with headers()
        data,  // data of the part
        part_end,
        end,  // the last delimiter was seen; bytes after it are ignored
    };
    struct Step {
        Event event;
        std::size_t consumed;   // how much of the input
        std::string_view data;  // points into the input or the parser; valid until the next call
    };

    MultipartParser(std::string_view boundary, const MultipartLimits& limits);

    // Parses up to the next event. The caller passes unconsumed input again, with more after it.
    // Throws: ProtocolError; the parser cannot be used any more then.
    Step next(std::string_view input);

    // The headers of the part that began last.
    const Headers& headers() const noexcept { return headers_; }

private:
    enum class State : std::uint8_t { preamble, body, delimiter, dash, padding, headers, end };

    Step search(std::string_view input);
    Step go_on_matching(std::string_view input);
    Step find(std::string_view input);
    Step text(std::string_view data, std::size_t consumed);
    Step delimiter_found(std::size_t consumed);
    Step behind_delimiter(std::string_view input);
    Step read_headers(std::string_view input);
    void begin_headers();

    const std::string delimiter_;  // CR LF - - boundary
    const MultipartLimits limits_;
    State state_ = State::preamble;
    // How much of the delimiter matched at the end of the consumed input. The first held_from_ bytes of that were not
    // part of the text: the beginning of the text, or the end of a head, counts as a line end.
    std::size_t matched_ = 2;
    std::size_t held_from_ = 2;
    std::size_t preamble_ = 0;
    std::size_t parts_ = 0;
    std::string head_;
    HeadLines lines_;
    std::size_t head_seen_ = 0;  // how much of head_ was taken as lines
    Headers headers_;
};

}  // namespace tendril::http::detail
