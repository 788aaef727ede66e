// SPDX-License-Identifier: MIT

#include "http/content_decoder.hpp"

#include <tendril/http/message.hpp>

#include "http/chars.hpp"

namespace tendril::http::detail {

bool is_decodable(const Headers& headers) {
    if (headers.count("Content-Encoding") != 1) {
        return false;
    }
    const std::string_view coding = headers.get("Content-Encoding");
    return same_ignoring_case(coding, "gzip") || same_ignoring_case(coding, "x-gzip") ||
           same_ignoring_case(coding, "deflate");
}

std::size_t ContentDecoder::recv(Buffer buffer, Deadline deadline) {
    if (buffer.empty()) {
        return 0;
    }
    for (;;) {
        if (any_) {
            if (const std::size_t n = inflater_.inflate(rest_, buffer); n > 0) {
                return n;
            }
        }
        if (!rest_.empty()) {
            throw ProtocolError(Fault::malformed, 502, "something follows the compressed content");
        }
        if (at_end_) {
            return 0;
        }
        const std::size_t n = read_({coded_.get(), coded_size}, deadline);
        if (n == 0) {
            if (any_ && !inflater_.ended()) {
                throw ProtocolError(Fault::incomplete, 502, "the compressed content ended too soon");
            }
            at_end_ = true;
            return 0;
        }
        any_ = true;
        rest_ = {coded_.get(), n};
    }
}

}  // namespace tendril::http::detail
