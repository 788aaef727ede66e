// SPDX-License-Identifier: MIT
//
// ResponseParser: parses the heads of a response, RFC 9112, 4 to 6: any interim ones (1xx), then the final one. Pure,
// resumable at any byte; looks at each byte once. Lenient where other clients are and it is safe, unlike the parser of
// requests: docs/design/0013 has the table.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <tendril/http/headers.hpp>
#include <tendril/http/message.hpp>

#include "http/message/field_parser.hpp"
#include "http/message/framing.hpp"

namespace tendril::http::detail {

struct ResponseLimits {
    std::size_t status_line = 8192;
    std::size_t header_bytes = std::size_t{64} * 1024;
    std::size_t header_count = 200;
    std::size_t interim_heads = 16;
};

struct ResponseHead {
    int status = 0;
    Version version = Version::http_1_1;
    std::string reason = {};
    Headers headers = {};

    // Whether another head follows. 101 is final: what follows it is not HTTP.
    bool interim() const noexcept { return status < 200 && status != 101; }
};

class ResponseParser {
public:
    explicit ResponseParser(const ResponseLimits& limits = {}) noexcept : limits_(limits) {}

    // `text` is everything that came since this head began.
    // Returns: the size of the head, which `head` then holds with its own copy of the text; the next call begins the
    // next head. 0 if more input is needed. Throws: ProtocolError.
    std::size_t parse(std::string_view text, ResponseHead& head);

    bool begun() const noexcept { return lines_.begin() > 0 || heads_ > 0; }  // at least one line has come

private:
    void parse_status_line(std::string_view line, ResponseHead& head);
    void check_limits(std::size_t size) const;
    void refuse_other_protocols(std::string_view text) const;
    void take_line(std::string_view line, std::size_t at, ResponseHead& head);
    static void parse_folded(std::string_view text, ResponseHead& head);
    void end_head(std::string_view text, ResponseHead& head);

    ResponseLimits limits_;
    HeadLines lines_{Manner::lenient};
    bool folded_ = false;  // a field continues on another line
    bool has_status_line_ = false;
    std::size_t fields_begin_ = 0;
    std::size_t heads_ = 0;
};

// How the body of the response to a request with this method ends: RFC 9112, 6.3. If there are both a Content-Length
// and a Transfer-Encoding, the latter counts. Throws: ProtocolError.
Framing response_framing(std::string_view method, const ResponseHead& head);

// Whether the connection may be used again after this response: RFC 9112, 9.3; never if the framing was doubtful, 6.1
// and 6.3.
bool keeps_alive(const ResponseHead& head) noexcept;

}  // namespace tendril::http::detail
