// SPDX-License-Identifier: MIT
//
// ResponseParser: the heads of a response, RFC 9112, 4 to 6: perhaps several interim ones (1xx), then the final one.
// Pure, resumable at any byte, each of which is looked at once. Lenient where other clients are and it is safe, unlike
// the parser of requests: docs/design/0013 has the table.

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

    // Another head follows. 101 is final: what follows it is no HTTP.
    bool interim() const noexcept { return status < 200 && status != 101; }
};

class ResponseParser {
public:
    explicit ResponseParser(const ResponseLimits& limits = {}) noexcept : limits_(limits) {}

    // text: all that came since this head began. Returns: the size of the head, which is in `head` then, with a text of
    // its own, and the next call begins the next one; 0: more must come. Throws: ProtocolError.
    std::size_t parse(std::string_view text, ResponseHead& head);

    bool begun() const noexcept { return lines_.begin() > 0 || heads_ > 0; }  // at least a line came

private:
    void parse_status_line(std::string_view line, ResponseHead& head);
    void check_limits(std::size_t size) const;
    void refuse_other_protocols(std::string_view text) const;
    void take_line(std::string_view line, std::size_t at, ResponseHead& head);
    static void parse_folded(std::string_view text, ResponseHead& head);
    void end_head(std::string_view text, ResponseHead& head);

    ResponseLimits limits_;
    HeadLines lines_{Manner::lenient};
    bool folded_ = false;  // a field goes on in another line
    bool has_status_line_ = false;
    std::size_t fields_begin_ = 0;
    std::size_t heads_ = 0;
};

// How the body of the response to such a request ends: RFC 9112, 6.3. Where a Content-Length stands beside a
// Transfer-Encoding, the latter counts. Throws: ProtocolError.
Framing response_framing(std::string_view method, const ResponseHead& head);

// May the connection live on after it? RFC 9112, 9.3; and not where the framing was doubtful, 6.1 and 6.3.
bool keeps_alive(const ResponseHead& head) noexcept;

}  // namespace tendril::http::detail
