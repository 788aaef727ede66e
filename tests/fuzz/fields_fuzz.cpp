// SPDX-License-Identifier: MIT
//
// Whatever bytes come as a Range, a condition, a media type, an Accept, a form, a path, a challenge or credentials:
// ranges lie in the file and apart; a form that was read is written and read as the same; a path means nothing outside
// of the root, and takes from a route as many parameters as it has; the answer to a challenge is one field.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/http/credentials.hpp>
#include <tendril/http/form.hpp>
#include <tendril/http/headers.hpp>
#include <tendril/http/media_type.hpp>
#include <tendril/http/message.hpp>

#include "http/client/digest.hpp"
#include "http/message/basic.hpp"
#include "http/message/chars.hpp"
#include "http/message/range.hpp"
#include "http/server/route_table.hpp"
#include "http/server/static_path.hpp"

namespace {

using namespace tendril::http;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void ranges(std::string_view text, std::uint64_t size) {
    std::vector<detail::ByteRange> found;
    const auto kind = detail::parse_range(text, size, found);
    require((kind == detail::RangeKind::some) == !found.empty() && found.size() <= detail::most_ranges);
    std::uint64_t total = 0;
    for (const auto& each : found) {
        require(each.first <= each.last && each.last < size);
        total += each.size();
    }
    require(total <= size);
}

void conditions(std::string_view text) {
    if (!detail::is_field_text(text)) {
        return;
    }
    std::vector<detail::ByteRange> found;
    const detail::Representation there{.etag = "\"a\"", .modified = detail::Time(std::chrono::seconds(1)), .size = 10};
    for (const char* field : {"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"}) {
        const auto verdict = detail::evaluate("GET", {{field, text}, {"Range", "bytes=0-1"}}, there, found);
        require((verdict == detail::Verdict::ranges) == !found.empty());
    }
    for (const char* field : {"Accept", "Accept-Encoding"}) {
        const Headers headers{{field, text}};
        const int type = type_quality(headers, "text/html");
        const int coding = encoding_quality(headers, "gzip");
        require(type >= 0 && type <= 1000 && coding >= 0 && coding <= 1000);
    }
}

void forms(std::string_view text) {
    try {
        const Form form = Form::parse(text, {.max_fields = 50});
        require(form.size() <= 50 && Form::parse(form.to_string(), {.max_fields = 50}) == form);
    } catch (const ProtocolError&) {
    }
    require(percent_decode(percent_encode(text)) == text);
}

void paths(std::string_view text) {
    if (const auto meant = detail::static_path(text, "/", true)) {
        const std::string slashes = "/" + meant->path + "/";
        require(slashes.find("/../") == std::string::npos && slashes.find("/./") == std::string::npos &&
                slashes.find('\0') == std::string::npos && !meant->path.starts_with('/'));
    }
    static const detail::RouteTable table = [] {
        detail::RouteTable made;
        std::size_t number = 0;
        for (const char* pattern : {"/a", "/a/{x}", "/a/{x}/b", "/{x}/{y}", "/{x}/{y}/c", "/t/{rest...}"}) {
            made.add("GET", pattern, number++);
        }
        return made;
    }();
    constexpr std::size_t parameters[] = {0, 1, 1, 2, 2, 1};
    try {
        const auto match = table.match("GET", text);
        require(match.kind != detail::RouteTable::Kind::found || match.parameters.size() == parameters[match.handler]);
    } catch (const ProtocolError&) {
    }
}

void credentials(std::string_view text) {
    if (!detail::is_field_text(text)) {
        return;
    }
    if (const auto sent = basic_credentials(Headers{{"Authorization", text}})) {
        require(basic_credentials(Headers{{"Authorization", detail::basic_field(sent->user, sent->password)}}) == sent);
    }
    const auto all = detail::parse_challenges(Headers{{"WWW-Authenticate", text}}, "WWW-Authenticate");
    require(all.size() <= 16);
    for (const detail::Challenge& each : all) {
        require(!each.scheme.empty() && each.parameters.size() <= 32);
        if (const auto asked = detail::DigestChallenge::of(each)) {
            const std::string field = detail::digest_field(*asked, {"a\"b", "c"}, "GET", "/", 1, "cnonce");
            require(detail::is_field_text(field));
            const auto answer = detail::parse_challenges(Headers{{"Authorization", field}}, "Authorization");
            require(answer.size() == 1 && answer[0].parameter("nonce") == asked->nonce);
        }
    }
    require(detail::parse_auth_info(text).parameters.size() <= 32);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    ranges(text, data[0]);
    ranges(text, UINT64_MAX);
    conditions(text);
    forms(text);
    paths(text);
    credentials(text);
    if (const auto type = MediaType::parse(text)) {
        require(!type->type.empty() && !type->subtype.empty() && type->parameters.size() <= 32);
    }
    return 0;
}
