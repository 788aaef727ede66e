// SPDX-License-Identifier: MIT
//
// Takes a multipart body apart as it comes: RFC 2046, 5.1, strictly (lines end with CRLF, what begins like a delimiter
// is one). Pure and resumable at any byte; each byte is looked at a bounded number of times.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tendril/http/headers.hpp>
#include <tendril/http/multipart.hpp>

#include "http/message/field_parser.hpp"

namespace tendril::http::detail {

// The parameter boundary of a Content-Type. Throws: ProtocolError: 415, it is not multipart; 400, it has none, two, or
// one that may not be.
std::string multipart_boundary(std::string_view content_type);

class MultipartParser {
public:
    enum class Event : std::uint8_t {
        more,  // nothing but what was consumed
        part,  // a part begins: headers() are its
        data,  // of the part
        part_end,
        end,  // the last delimiter was seen; what follows is nobody's
    };
    struct Step {
        Event event;
        std::size_t consumed;   // of the input
        std::string_view data;  // a part of the input, or of the parser: good until the next call
    };

    MultipartParser(std::string_view boundary, const MultipartLimits& limits);

    // Goes on as far as the next event. Input that was not consumed is given again, with more behind it.
    // Throws: ProtocolError; nothing can be parsed then any more.
    Step next(std::string_view input);

    // Of the part that began last.
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
    // So much of the delimiter was matched at the end of what was consumed. The first held_from_ bytes of it were not
    // part of the text: its beginning, or a head's, counts as a line's end.
    std::size_t matched_ = 2;
    std::size_t held_from_ = 2;
    std::size_t preamble_ = 0;
    std::size_t parts_ = 0;
    std::string head_;
    HeadLines lines_;
    std::size_t head_seen_ = 0;  // of head_ was taken as lines
    Headers headers_;
};

}  // namespace tendril::http::detail
