// SPDX-License-Identifier: MIT

#include <tendril/http/cookie.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <utility>

#include "http/message/chars.hpp"
#include "http/message/date.hpp"

namespace tendril::http {

namespace {

constexpr std::size_t longest_pair = 4096;       // name and value: 6265bis, 5.6
constexpr std::size_t longest_attribute = 1024;  // an attribute's value

constexpr bool is_cookie_octet(char c) noexcept {
    return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

bool is_value(std::string_view text) noexcept {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);
    }
    return std::all_of(text.begin(), text.end(), is_cookie_octet);
}

bool is_domain(std::string_view text) noexcept {
    return !text.starts_with('.') && !text.ends_with('.') && text.find("..") == std::string_view::npos &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return detail::is_alpha(c) || detail::is_digit(c) || c == '-' || c == '.' || c == '_';
           });
}

bool is_path(std::string_view text) noexcept {
    return text.starts_with('/') &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f && c != ';'; });
}

bool has_prefix(std::string_view name, std::string_view prefix) noexcept {
    return detail::same_ignoring_case(name.substr(0, prefix.size()), prefix);
}

bool keeps_promise(const Cookie& cookie) noexcept {
    if (has_prefix(cookie.name, "__Secure-")) {
        return cookie.secure;
    }
    if (has_prefix(cookie.name, "__Host-")) {
        return cookie.secure && cookie.domain.empty() && cookie.path == "/";
    }
    return true;
}

void check(const Cookie& cookie) {
    const auto require = [](bool holds, const char* otherwise) {
        if (!holds) {
            throw std::invalid_argument(otherwise);
        }
    };
    require(detail::is_token(cookie.name), "a cookie's name must be a token: letters, digits, and no separators");
    require(is_value(cookie.value),
            "a cookie's value must be ASCII and hold no blanks, commas, semicolons, quotes or backslashes: "
            "percent_encode() it");
    require(cookie.name.size() + cookie.value.size() <= longest_pair,
            "a cookie's name and value are longer than 4096 bytes: clients would ignore it");
    require(cookie.domain.empty() || is_domain(cookie.domain),
            "a cookie's domain must be a host's name, without a leading or trailing dot");
    require(cookie.path.empty() || is_path(cookie.path),
            "a cookie's path must be ASCII, begin with / and hold no semicolons");
    require(cookie.domain.size() <= longest_attribute && cookie.path.size() <= longest_attribute,
            "a cookie's domain or path is longer than 1024 bytes: clients would ignore it");
    require(cookie.same_site != SameSite::none || cookie.secure,
            "a cookie with SameSite=None must be Secure: browsers refuse it otherwise");
    require(keeps_promise(cookie),
            "a cookie named __Secure-... must be Secure; one named __Host-... must be Secure, have the path / and no "
            "domain");
}

// Splits "name=value" and trims both.
CookiePair pair_of(std::string_view text) noexcept {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
        return {detail::trimmed(text), {}};
    }
    return {detail::trimmed(text.substr(0, equals)), detail::trimmed(text.substr(equals + 1))};
}

// Takes the text before the next ';', and the ';' itself.
std::string_view take_until_semicolon(std::string_view& rest) noexcept {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    const std::string_view piece = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return piece;
}

// Parses digits, optionally after a '-'. A number too large for the type becomes the largest.
std::optional<std::chrono::seconds> parse_max_age(std::string_view text) noexcept {
    const bool negative = text.starts_with('-');
    text.remove_prefix(negative ? 1 : 0);
    if (text.empty() || !std::all_of(text.begin(), text.end(), detail::is_digit)) {
        return std::nullopt;
    }
    if (negative) {
        return std::chrono::seconds(0);  // all negative ages mean: already expired
    }
    constexpr std::uint64_t most = std::numeric_limits<std::int32_t>::max();
    const auto value = detail::parse_decimal(text).value_or(most);
    return std::chrono::seconds(static_cast<std::int64_t>(std::min(value, most)));
}

SameSite parse_same_site(std::string_view text) noexcept {
    for (const auto& [word, meaning] :
         {std::pair("strict", SameSite::strict), std::pair("lax", SameSite::lax), std::pair("none", SameSite::none)}) {
        if (detail::same_ignoring_case(text, word)) {
            return meaning;
        }
    }
    return SameSite::unset;
}

void read_domain(Cookie& cookie, std::string_view value) {
    value.remove_prefix(value.starts_with('.') ? 1 : 0);
    value.remove_suffix(value.ends_with('.') ? 1 : 0);  // "example.org." is the same host
    cookie.domain.assign(value);
    std::transform(cookie.domain.begin(), cookie.domain.end(), cookie.domain.begin(), detail::lower);
}

void read_attribute(Cookie& cookie, const CookiePair& attribute) {
    const auto is = [&](std::string_view name) { return detail::same_ignoring_case(attribute.name, name); };
    const std::string_view value = attribute.value;
    if (value.size() > longest_attribute) {
        return;
    }
    if (is("expires")) {
        if (const auto date = detail::parse_cookie_date(value)) {
            cookie.expires = date;
        }
    } else if (is("max-age")) {
        if (const auto age = parse_max_age(value)) {
            cookie.max_age = age;
        }
    } else if (is("domain")) {
        read_domain(cookie, value);
    } else if (is("path")) {
        cookie.path.assign(value.starts_with('/') ? value : std::string_view());
    } else if (is("secure")) {
        cookie.secure = true;
    } else if (is("httponly")) {
        cookie.http_only = true;
    } else if (is("samesite")) {
        cookie.same_site = parse_same_site(value);
    }
}

// Takes the next "name=value" of a Cookie header. Returns: false at the end.
bool next_cookie(std::string_view& rest, CookiePair& found) noexcept {
    while (!rest.empty()) {
        const std::string_view piece = take_until_semicolon(rest);
        found = pair_of(piece);
        if (found.name.empty() || piece.find('=') == std::string_view::npos) {
            continue;
        }
        if (found.value.size() >= 2 && found.value.front() == '"' && found.value.back() == '"') {
            found.value = found.value.substr(1, found.value.size() - 2);
        }
        return true;
    }
    return false;
}

void add_cookies(std::vector<CookiePair>& all, std::string_view value) {
    for (CookiePair each; next_cookie(value, each);) {
        all.push_back(each);
    }
}

}  // namespace

std::string to_string(const Cookie& cookie) {
    check(cookie);
    std::string text = cookie.name + "=" + cookie.value;
    if (!cookie.domain.empty()) {
        text.append("; Domain=").append(cookie.domain);
    }
    if (!cookie.path.empty()) {
        text.append("; Path=").append(cookie.path);
    }
    if (cookie.expires.has_value()) {
        text.append("; Expires=").append(detail::format_date(*cookie.expires));
    }
    if (cookie.max_age.has_value()) {
        text.append("; Max-Age=").append(std::to_string(cookie.max_age->count()));
    }
    text.append(cookie.secure ? "; Secure" : "").append(cookie.http_only ? "; HttpOnly" : "");
    constexpr std::string_view same_site[] = {"", "; SameSite=Strict", "; SameSite=Lax", "; SameSite=None"};
    return text.append(same_site[static_cast<std::size_t>(cookie.same_site)]);
}

std::optional<Cookie> parse_set_cookie(std::string_view value) {
    if (!detail::is_field_text(value)) {
        return std::nullopt;
    }
    const std::string_view first = take_until_semicolon(value);
    const CookiePair pair = pair_of(first);
    if (pair.name.empty() || first.find('=') == std::string_view::npos ||
        pair.name.size() + pair.value.size() > longest_pair) {
        return std::nullopt;
    }
    Cookie cookie{.name = std::string(pair.name),
                  .value = std::string(pair.value),
                  .secure = false,
                  .http_only = false,
                  .same_site = SameSite::unset};
    while (!value.empty()) {
        read_attribute(cookie, pair_of(take_until_semicolon(value)));
    }
    return keeps_promise(cookie) ? std::optional(std::move(cookie)) : std::nullopt;
}

std::vector<CookiePair> parse_cookies(std::string_view value) {
    std::vector<CookiePair> all;
    add_cookies(all, value);
    return all;
}

std::vector<CookiePair> parse_cookies(const Headers& headers) {
    std::vector<CookiePair> all;
    for (const std::string_view each : headers.values("Cookie")) {
        add_cookies(all, each);
    }
    return all;
}

std::optional<std::string_view> cookie(const Headers& headers, std::string_view name) noexcept {
    for (const Headers::Field field : headers) {
        if (!detail::same_ignoring_case(field.name, "Cookie")) {
            continue;
        }
        std::string_view rest = field.value;
        for (CookiePair each; next_cookie(rest, each);) {
            if (each.name == name) {
                return each.value;
            }
        }
    }
    return std::nullopt;
}

}  // namespace tendril::http
