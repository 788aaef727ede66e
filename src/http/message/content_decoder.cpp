// SPDX-License-Identifier: MIT

#include "http/message/content_decoder.hpp"

#include <tendril/error.hpp>
#include <tendril/http/message.hpp>

#include "http/message/chars.hpp"
#include "http/message/rounds.hpp"
#include "http/message/upstream_error.hpp"

namespace tendril::http::detail {

std::optional<Wrapping> coding_of(const Headers& headers) {
    std::optional<Wrapping> found;
    for (const Headers::Field field : headers) {
        if (!same_ignoring_case(field.name, "Content-Encoding")) {
            continue;
        }
        std::string_view rest = field.value;
        for (std::string_view coding; next_in_list(rest, coding);) {
            if (same_ignoring_case(coding, "identity")) {
                continue;
            }
            const bool gzip = same_ignoring_case(coding, "gzip") || same_ignoring_case(coding, "x-gzip");
            if (found.has_value() || (!gzip && !same_ignoring_case(coding, "deflate"))) {
                return std::nullopt;
            }
            found = gzip ? Wrapping::gzip_or_zlib : Wrapping::any;
        }
    }
    return found;
}

std::size_t ContentDecoder::recv(Buffer buffer, Deadline deadline) {
    if (buffer.empty()) {
        return 0;
    }
    for (Rounds rounds(deadline);;) {
        if (any_ && !trailing_) {
            if (const std::size_t n = blame_server([&] { return inflater_.inflate(rest_, buffer); }); n > 0) {
                fruitless_ = 0;
                return n;
            }
            trailing_ = inflater_.ended() && !rest_.empty();  // bytes after the content are skipped
        }
        if (at_end_) {
            return 0;
        }
        if (rounds.over()) {
            throw TimeoutError("recv of a compressed body");
        }
        const std::size_t n = read_({coded_.get(), coded_size}, deadline);
        if (n == 0) {
            if (any_ && !inflater_.ended()) {
                throw ProtocolError(Fault::incomplete, 502, "the compressed content ended too soon");
            }
            at_end_ = true;
            return 0;
        }
        fruitless_ += n;
        if (fruitless_ > most_fruitless) {
            throw ProtocolError(Fault::malformed, 502, "compressed content that goes on without yielding data");
        }
        any_ = true;
        rest_ = {coded_.get(), n};
    }
}

}  // namespace tendril::http::detail
