// SPDX-License-Identifier: MIT
// Floor: http
//
// Cookies: RFC 6265 as its successor (6265bis) has it, for servers and clients. Pure; any thread.
//
//     for (const CookiePair& each : parse_cookies(headers)) ...            what a client sent
//     auto session = cookie(headers, "session");
//     headers.add("Set-Cookie", to_string(Cookie{.name = "session", .value = id, .path = "/"}));
//     headers.add("Set-Cookie", to_string(Cookie{.name = "session", .path = "/", .max_age = 0s}));       forgets it
//
// What a client sends in Cookie has neither signature nor attributes: whoever can set a cookie for the host may have
// written it.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/http/headers.hpp>

namespace tendril::http {

enum class SameSite : std::uint8_t { unset, strict, lax, none };

// domain, path: empty means as the client has it by default: this host alone, the folder of the request's path.
// With neither expires nor max_age it lives as long as the client's session; max_age goes before expires.
// Safe unless said otherwise: a server without TLS sets .secure = false, or clients will not send the cookie back.
struct Cookie {
    std::string name = {};
    std::string value = {};
    std::string domain = {};
    std::string path = {};
    std::optional<std::chrono::system_clock::time_point> expires = {};
    std::optional<std::chrono::seconds> max_age = {};
    bool secure = true;                  // only over TLS
    bool http_only = true;               // no script sees it
    SameSite same_site = SameSite::lax;  // not with requests that pages of other sites make, but for links

    friend bool operator==(const Cookie&, const Cookie&) = default;
};

// The value of a Set-Cookie header.
// Throws: std::invalid_argument, which says what to do, for what would be split or thrown away at the other side: a
// name that is no token; a value outside of the grammar (blanks, commas, semicolons, quotes, backslashes, non-ASCII:
// percent_encode() it), a path that does not begin with "/", a domain that is none; name and value beyond 4096 bytes,
// an attribute beyond 1024; SameSite=None without Secure; "__Secure-" without Secure; "__Host-" without Secure, with a
// domain, or with another path than "/".
std::string to_string(const Cookie& cookie);

// What a client makes of a Set-Cookie header's value: 6265, 5.2, lenient. The last attribute of a name counts; unknown
// and malformed ones are passed over; the date may have almost any form. The domain comes in lower case, without its
// leading dot. Whether this host may set it is for the one who keeps it to say.
// Returns: nothing for one that must be ignored: without a name, with a control character, too long (as above), or with
// a prefix whose promise it does not keep.
std::optional<Cookie> parse_set_cookie(std::string_view value);

// What a client sent, a view of the header's text.
struct CookiePair {
    std::string_view name;
    std::string_view value;  // without the quotes around it, if there were any
    friend bool operator==(const CookiePair&, const CookiePair&) = default;
};

// All cookies of a Cookie header's value, or of all Cookie headers, in their order; names may come twice. What is not
// "name=value" is passed over.
std::vector<CookiePair> parse_cookies(std::string_view value);
std::vector<CookiePair> parse_cookies(const Headers& headers);

// The first of that name, whose path is the nearest. Names are compared with regard to case.
std::optional<std::string_view> cookie(const Headers& headers, std::string_view name) noexcept;

}  // namespace tendril::http
