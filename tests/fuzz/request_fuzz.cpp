// SPDX-License-Identifier: MIT
//
// Our parser of requests beside Boost.Beast's. Whatever ours takes, Beast takes too, as the same: method, target,
// fields, and how the body ends. Whatever Beast takes and ours does not, ours refuses for one of the reasons for which
// it is stricter on purpose. In pieces ours says the same as at once.

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include <tendril/http/message.hpp>

#include "http/message/authority.hpp"
#include "http/server/request_parser.hpp"

namespace {

namespace beast = boost::beast;
using namespace tendril::http;

// What Beast does not look at, or reads more leniently than RFC 9110 and 9112 let a server read it.
constexpr std::string_view stricter[] = {
    "a header that continues on another line",
    "a header line that is not a name and a colon",
    "no Host",
    "several Hosts",
    "an invalid Host",
    "a version that is not HTTP/1",
    "a character in the request target that may not be there",
    "CONNECT with something other than a host and a port",
    "a request target that is neither a path nor a URL",
    "a request target whose host or port is invalid",
    "an expectation other than 100-continue",
    "Transfer-Encoding in HTTP/1.0",
    "a transfer coding other than chunked",
    "a transfer coding after chunked",
    "an empty Transfer-Encoding",
    "several Content-Lengths that differ",
    "a Content-Length that is not a number",
    "both Content-Length and Transfer-Encoding",
    "a request line that is not a method, a blank and a target",
    "a request line without a target and a version",
    "what came is not HTTP",
    "headers that are too long",
    "too many headers",
    "a request line that is too long",
    "a control character in a header",
    "a Connection that is not a list of words",
    "a request line without a version",
};

struct Verdict {
    std::size_t size = 0;  // of the head; 0: more is needed, or it was refused
    std::string refused;
    std::string text;
    detail::RequestHead head;
};

void parse(Verdict& verdict, std::string_view text, std::size_t piece) {
    detail::RequestParser parser;
    parser.begin({});
    verdict.text = text;
    try {
        for (std::size_t n = 0; verdict.size == 0 && n < text.size();) {
            n = std::min(text.size(), n + piece);
            verdict.size = parser.parse(std::string_view(verdict.text).substr(0, n), verdict.head);
        }
        if (verdict.size > 0) {
            parser.finish(verdict.text.data(), verdict.head);
        }
    } catch (const ProtocolError& e) {
        verdict.refused = e.what();
        verdict.size = 0;
    }
}

void require(bool good) {
    if (!good) {
        std::abort();
    }
}

void compare(const Verdict& ours, std::string_view text) {
    if (text.starts_with("\r\n")) {
        text.remove_prefix(2);  // Beast takes no empty line before a request
    }
    beast::http::request_parser<beast::http::empty_body> theirs;
    theirs.header_limit(UINT32_MAX);
    theirs.body_limit(UINT64_MAX);
    beast::error_code error;
    theirs.put(boost::asio::buffer(text.data(), text.size()), error);
    const bool taken = theirs.is_header_done();
    if (ours.size == 0) {
        if (taken) {
            bool known = false;
            for (const std::string_view reason : stricter) {
                known = known || ours.refused.starts_with(reason);
            }
            require(known);
        }
        return;
    }
    const std::string_view line = text.substr(0, text.find('\r'));
    if (!taken && (ours.head.headers.contains("Proxy-Connection") || (!line.ends_with('0') && !line.ends_with('1')))) {
        return;  // no RFC knows the first; HTTP/1.2 and on are as 1.1: RFC 9110, 2.5
    }
    require(taken);
    const auto& head = theirs.get();
    require(head.method_string() == boost::string_view(ours.head.method.data(), ours.head.method.size()));
    require(head.target() == boost::string_view(ours.head.target.data(), ours.head.target.size()));
    std::size_t fields = 0;
    for (const Headers::Field field : ours.head.headers) {
        bool found = false;
        const auto range = head.equal_range(boost::string_view(field.name.data(), field.name.size()));
        for (auto it = range.first; it != range.second && !found; ++it) {
            found = it->value() == boost::string_view(field.value.data(), field.value.size());
        }
        require(found);
        ++fields;
    }
    require(static_cast<std::size_t>(std::distance(head.begin(), head.end())) == fields);
    require(theirs.chunked() == (ours.head.framing.kind == detail::Framing::Kind::chunked));
    if (ours.head.framing.kind == detail::Framing::Kind::length) {
        require(theirs.content_length().value_or(0) == ours.head.framing.length);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    Verdict whole;
    parse(whole, text, size + 1);
    Verdict pieces;
    parse(pieces, text, 1 + (size > 0 ? data[size - 1] % 7u : 0u));
    require(whole.size == pieces.size && whole.refused.empty() == pieces.refused.empty());
    if (whole.size > 0) {
        const std::string_view host = whole.head.headers.get("Host");
        require(host.empty() || detail::parse_authority(host).has_value());
        require(whole.head.method != "CONNECT" || detail::parse_authority(whole.head.target)->port.has_value());
    }
    compare(whole, text);
    return 0;
}
