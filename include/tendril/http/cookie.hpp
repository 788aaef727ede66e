// SPDX-License-Identifier: MIT
// Floor: http
//
// Cookies: RFC 6265, as revised by its successor (6265bis), for servers and clients. Pure; any thread.
//
//     for (const CookiePair& each : parse_cookies(headers)) ...            what a client sent
//     auto session = cookie(headers, "session");
//     headers.add("Set-Cookie", to_string(Cookie{.name = "session", .value = id, .path = "/"}));
//     headers.add("Set-Cookie", to_string(Cookie{.name = "session", .path = "/", .max_age = 0s}));       forgets it
//
// The field Cookie that a client sends has neither a signature nor attributes: any site or network that can set a
// cookie for this host may have written it.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/http/headers.hpp>

namespace tendril::http {

// When browsers send a cookie along with requests that another site has begun; unset: as the browser has it.
enum class SameSite : std::uint8_t { unset, strict, lax, none };

// A cookie as a server sets it. An empty domain means this host alone, an empty path the folder of the request's path.
// With neither expires nor max_age the cookie lives as long as the client's session; max_age overrides expires.
// The defaults are safe: a server without TLS must set .secure = false, or clients will not send the cookie back.
struct Cookie {
    std::string name = {};    // a token: no blanks, no "=;,"
    std::string value = {};   // no blanks, no ";," and no quotes
    std::string domain = {};  // hosts below it get the cookie, too; empty: only the one that set it
    std::string path = {};    // paths below it get the cookie; empty: those below the path that set it
    std::optional<std::chrono::system_clock::time_point> expires = {};  // unset: with the browser's end
    std::optional<std::chrono::seconds> max_age = {};                   // wins over `expires`
    bool secure = true;                                                 // sent over TLS only
    bool http_only = true;                                              // hidden from scripts
    SameSite same_site = SameSite::lax;  // not sent with requests that other sites' pages make, except by links

    friend bool operator==(const Cookie&, const Cookie&) = default;
};

// Returns: the value of a Set-Cookie header.
// Throws: std::invalid_argument, which says what to do, for a cookie that the client would split or discard: a name
// that is not a token; a value outside the grammar (blanks, commas, semicolons, quotes, backslashes, non-ASCII:
// percent_encode() it); a path that does not begin with "/"; an invalid domain; name and value longer than 4096 bytes
// together, an attribute longer than 1024; SameSite=None without Secure; "__Secure-" without Secure; "__Host-" without
// Secure, with a domain, or with a path other than "/".
std::string to_string(const Cookie& cookie);

// Parses the value of a Set-Cookie header as a client does: 6265, 5.2, leniently. Of several attributes with one name
// the last counts; unknown and malformed ones are ignored; the date may have almost any form. The domain is returned in
// lower case, without its leading dot. Does not check whether the host may set the cookie: CookieJar does.
// Returns: nothing for a cookie that must be ignored: without a name, with a control character, too long (as above), or
// with a prefix ("__Secure-", "__Host-") whose promise it does not keep.
std::optional<Cookie> parse_set_cookie(std::string_view value);

// A cookie that a client sent, as views of the header's text.
struct CookiePair {
    std::string_view name;   // as it was sent
    std::string_view value;  // without the quotes around it, if there are any
    friend bool operator==(const CookiePair&, const CookiePair&) = default;
};

// Returns: all cookies of a Cookie header's value, or of all Cookie headers, in order. A name may come twice. Elements
// that are not "name=value" are ignored.
std::vector<CookiePair> parse_cookies(std::string_view value);
std::vector<CookiePair> parse_cookies(const Headers& headers);

// Returns: the value of the first cookie of that name, which is the one with the longest path; nothing if there is
// none. Case matters. The view is valid as long as the headers.
std::optional<std::string_view> cookie(const Headers& headers, std::string_view name) noexcept;

}  // namespace tendril::http
