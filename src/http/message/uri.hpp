// SPDX-License-Identifier: MIT
//
// The pieces of RFC 3986 that URLs are made of. Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tendril::http::detail {

// Which characters may stand unencoded in which part.
enum class UriPart { path, query, userinfo, unreserved };
bool may_stand(char c, UriPart part) noexcept;

// A reference, split into its five parts: RFC 3986, appendix B. Nothing is validated.
struct UriReference {
    std::optional<std::string_view> scheme;
    std::optional<std::string_view> authority;
    std::string_view path;
    std::optional<std::string_view> query;
    std::optional<std::string_view> fragment;
};
UriReference split_reference(std::string_view text) noexcept;

// Removes dot segments (RFC 3986, 5.2.4) from a path that begins with "/" or is empty. "%2e" counts as a dot, as in
// browsers.
std::string remove_dot_segments(std::string_view path);

// Merges a relative path with the path of a base that has an authority: RFC 3986, 5.2.3.
std::string merge_paths(std::string_view base, std::string_view path);

// Encodes what may not stand in that part; leaves what is already encoded.
// Throws: std::invalid_argument for a control character, a backslash, or a % that is not followed by two hexadecimal
// digits.
std::string encoded(std::string_view text, UriPart part);

// Encodes everything that may not stand there, "%" included.
std::string encode_all(std::string_view text, UriPart part);

// Throws: as encoded() for a %; std::invalid_argument for an encoded control character.
std::string decoded(std::string_view text);

}  // namespace tendril::http::detail
