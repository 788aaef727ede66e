// SPDX-License-Identifier: MIT
//
// The pieces of RFC 3986 that URLs are made of. Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tendril::http::detail {

// What may stand unencoded in which part.
enum class UriPart { path, query, userinfo, unreserved };
bool may_stand(char c, UriPart part) noexcept;

// A reference, cut into its five parts: RFC 3986, appendix B. Nothing is checked.
struct UriReference {
    std::optional<std::string_view> scheme;
    std::optional<std::string_view> authority;
    std::string_view path;
    std::optional<std::string_view> query;
    std::optional<std::string_view> fragment;
};
UriReference split_reference(std::string_view text) noexcept;

// RFC 3986, 5.2.4, over a path that begins with "/" or is empty; "%2e" is a dot too, as for browsers.
std::string remove_dot_segments(std::string_view path);

// RFC 3986, 5.2.3, for a base with an authority.
std::string merge_paths(std::string_view base, std::string_view path);

// What may not stand in that part is encoded, what is encoded stays. Throws: std::invalid_argument: a control
// character, a backslash, or a % that no two hexadecimal digits follow.
std::string encoded(std::string_view text, UriPart part);

// Encodes all that may not stand there, "%" too.
std::string encode_all(std::string_view text, UriPart part);

// Throws: as encoded(), for a %; and for an encoded control character.
std::string decoded(std::string_view text);

}  // namespace tendril::http::detail
