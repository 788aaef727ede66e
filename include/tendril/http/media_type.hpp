// SPDX-License-Identifier: MIT
// Floor: http
//
// Media types (RFC 9110, 8.3): the type of a file, the parts of a Content-Type, and what a client accepts (12.4, 12.5).
// Pure; any thread.
//
//     media_type_for("style.css")                               "text/css"
//     if (accepts_encoding(request.headers(), "gzip")) ...
//     if (preferred_type(request.headers(), {"text/html", "application/json"}) == "application/json") ...

#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/http/headers.hpp>

namespace tendril::http {

// Returns: the type for the name's extension, in any case, without a charset; "application/octet-stream" if unknown.
std::string_view media_type_for(std::string_view filename) noexcept;

// A media type with its parameters: "text/html; charset=utf-8".
struct MediaType {
    // Name=value behind the type.
    struct Parameter {
        std::string name;   // in lower case
        std::string value;  // without its quotes
        friend bool operator==(const Parameter&, const Parameter&) = default;
    };

    std::string type;                   // "text", in lower case
    std::string subtype;                // "html", in lower case
    std::vector<Parameter> parameters;  // in their order

    // Returns: nothing if the text is not a media type, or has more than 32 parameters.
    static std::optional<MediaType> parse(std::string_view text);

    bool is(std::string_view both) const noexcept;  // whether type and subtype are these: "text/html", in any case
    std::string_view parameter(std::string_view name) const noexcept;  // the first of that name; "" for none
    friend bool operator==(const MediaType&, const MediaType&) = default;
};

// These functions read a client's preferences from the fields of its request. A quality is in thousandths: 0 is not
// acceptable, 1000 is best. Malformed elements of a field are ignored, and so are all beyond the first 100.
//
// Returns: the quality of a media type without parameters, by Accept. The most specific range that matches decides;
// 1000 if there is no such field. Ranges with parameters other than q match nothing.
int type_quality(const Headers& headers, std::string_view type);

// Returns: the quality of a content coding, by Accept-Encoding. Without the field only "identity" is acceptable: that
// is stricter than RFC 9110, but clients without the field can read nothing else. With it, "identity" is acceptable
// unless it, or "*", is refused.
int encoding_quality(const Headers& headers, std::string_view coding);
bool accepts_encoding(const Headers& headers, std::string_view coding);  // whether the quality is above 0

// Returns: the one of those offered that the client likes best; the first among equals; "" if it accepts none.
std::string_view preferred_type(const Headers& headers, std::initializer_list<std::string_view> offered);
std::string_view preferred_encoding(const Headers& headers, std::initializer_list<std::string_view> offered);

}  // namespace tendril::http
