// SPDX-License-Identifier: MIT
//
// Whatever bytes come, ResponseParser says a head, "more" or ProtocolError; and the same whether they come at once or
// one at a time. The body behind the head is taken out by its framing.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/client/response_parser.hpp"
#include "http/message/chunked.hpp"

namespace {

using namespace tendril::http;
using namespace tendril::http::detail;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

// What became of it, as text: to be compared.
std::string verdict(std::string_view text, std::size_t step) {
    ResponseParser parser({.status_line = 100, .header_bytes = 1000, .header_count = 8, .interim_heads = 2});
    ResponseHead head;
    std::size_t begin = 0;
    std::size_t end = 0;
    try {
        while (end < text.size()) {
            end = std::min(text.size(), end + step);
            std::size_t n = 0;
            while ((n = parser.parse(text.substr(begin, end - begin), head)) > 0) {
                check(n <= end - begin && head.status >= 100 && head.status <= 999 && head.headers.size() <= 8);
                begin += n;
                if (!head.interim()) {
                    std::string said = std::to_string(begin) + " " + std::to_string(head.status) + head.reason;
                    for (const Headers::Field field : head.headers) {
                        said.append(field.name).append(":").append(field.value).append("\n");
                    }
                    return said;
                }
            }
        }
    } catch (const ProtocolError&) {
        return "refused";
    }
    return "more";
}

void read_body(std::string_view text) {
    ResponseParser parser;
    ResponseHead head;
    const std::size_t n = parser.parse(text, head);
    if (n == 0) {
        return;
    }
    const Framing framing = response_framing("GET", head);
    keeps_alive(head);
    if (framing.kind != Framing::Kind::chunked) {
        return;
    }
    text.remove_prefix(n);
    ChunkedDecoder decoder;
    while (!text.empty() && !decoder.ended()) {
        decoder.advance(text);
        const auto data = static_cast<std::size_t>(std::min<std::uint64_t>(decoder.data_left(), text.size()));
        if (data > 0) {
            text.remove_prefix(data);
            decoder.took(data);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check(verdict(text, size + 1) == verdict(text, 1));
    try {
        read_body(text);
    } catch (const ProtocolError&) {
    }
    return 0;
}
