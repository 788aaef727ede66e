// SPDX-License-Identifier: MIT
//
// RequestParser: parses the head of a request, RFC 9112, 2 to 6. Pure. May be resumed at any byte; looks at each byte
// once.
//
// Our own parser because every request pays for it; the fuzzer compares its verdicts with Boost.Beast's
// (docs/design/0013). Strict: a line ends with CRLF, lines are never folded, and whatever two readers could understand
// in two ways is refused.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <tendril/http/headers.hpp>
#include <tendril/http/message.hpp>

#include "http/message/field_parser.hpp"
#include "http/message/framing.hpp"

namespace tendril::http::detail {

struct HeadLimits {
    std::size_t request_line = 8192;
    std::size_t header_bytes = std::size_t{64} * 1024;
    std::size_t header_count = 200;
};

struct RequestHead {
    std::string_view method;
    std::string_view target;  // as it was sent
    Version version = Version::http_1_1;
    Headers headers;
    Framing framing;
    bool keep_alive = false;        // what the client wants
    bool expects_continue = false;  // Expect: 100-continue
    bool upgrades = false;          // Connection: upgrade, and a field Upgrade
};

class RequestParser {
public:
    void begin(const HeadLimits& limits) noexcept;

    // text: everything received since the request began. Returns: the size of the head once it is complete: call
    // finish() then; 0: more bytes are needed. Throws: ProtocolError.
    std::size_t parse(std::string_view text, RequestHead& head);

    // text: where the head stays. Makes the views of `head` refer to it, and evaluates the fields.
    // Throws: ProtocolError.
    void finish(const char* text, RequestHead& head) const;

private:
    void parse_request_line(std::string_view line, std::size_t at, RequestHead& head);
    void check_limits(std::size_t size) const;

    HeadLimits limits_;
    HeadLines lines_;
    bool has_request_line_ = false;
    std::size_t head_begin_ = 0;  // where the request line begins: an empty line may come before it
    std::size_t fields_begin_ = 0;
    std::size_t method_size_ = 0;
    std::size_t target_size_ = 0;
};

}  // namespace tendril::http::detail
