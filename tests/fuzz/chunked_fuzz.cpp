// SPDX-License-Identifier: MIT
//
// The chunked coding: in pieces it is the same as at once, what is taken is no more than there is, and a body that
// Boost.Beast refuses is not taken.

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <tendril/http/message.hpp>

#include "http/message/chunked.hpp"

namespace {

using namespace tendril::http;

struct Decoded {
    std::string data;
    std::size_t taken = 0;
    bool ended = false;
    bool refused = false;
};

Decoded decode(std::string_view text, std::size_t piece) {
    Decoded result;
    detail::ChunkedDecoder decoder;
    try {
        while (result.taken < text.size() && !decoder.ended()) {
            std::string_view in = text.substr(result.taken, piece);
            const std::size_t before = in.size();
            decoder.advance(in);
            const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(decoder.data_left(), in.size()));
            result.data += in.substr(0, n);
            if (n > 0) {
                decoder.took(n);
            }
            result.taken += before - in.size() + n;
        }
    } catch (const ProtocolError&) {
        result.refused = true;
    }
    result.ended = decoder.ended();
    return result;
}

// Returns: whether Beast takes it whole; its body in `data`.
bool beast_takes(std::string_view text, std::string& data) {
    namespace http = boost::beast::http;
    http::request_parser<http::string_body> parser;
    parser.body_limit(UINT64_MAX);
    parser.header_limit(UINT32_MAX);
    parser.eager(true);
    boost::beast::error_code error;
    std::string whole = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    whole += text;
    std::string_view rest = whole;
    while (!rest.empty() && !parser.is_done()) {
        const std::size_t n = parser.put(boost::asio::buffer(rest.data(), rest.size()), error);
        if (error || n == 0) {
            break;
        }
        rest.remove_prefix(n);
    }
    data = parser.get().body();
    return parser.is_done();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Decoded whole = decode(text, size + 1);
    const Decoded pieces = decode(text, 1 + (size > 0 ? data[size - 1] % 5u : 0u));
    if (whole.taken > size || whole.ended != pieces.ended || whole.refused != pieces.refused ||
        (whole.ended && (whole.data != pieces.data || whole.taken != pieces.taken))) {
        std::abort();
    }
    std::string theirs;
    if (whole.ended && (!beast_takes(text, theirs) || theirs != whole.data)) {
        std::abort();
    }
    return 0;
}
