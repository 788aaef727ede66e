// SPDX-License-Identifier: MIT
// Floor: http
//
// Media types (RFC 9110, 8.3): which one a file has, what a Content-Type says, and what a client accepts (12.4, 12.5).
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

// By the name's extension, of any case, without a charset. "application/octet-stream" for one that is not known.
std::string_view media_type_for(std::string_view filename) noexcept;

// "text/html; charset=utf-8"
struct MediaType {
    struct Parameter {
        std::string name;  // in lower case
        std::string value;
        friend bool operator==(const Parameter&, const Parameter&) = default;
    };

    std::string type;     // "text", in lower case
    std::string subtype;  // "html", in lower case
    std::vector<Parameter> parameters;

    // Returns: nothing for what is none, or has more than 32 parameters.
    static std::optional<MediaType> parse(std::string_view text);

    bool is(std::string_view both) const noexcept;                     // "text/html", of any case
    std::string_view parameter(std::string_view name) const noexcept;  // the first of that name; "" for none
    friend bool operator==(const MediaType&, const MediaType&) = default;
};

// What a client thinks of it, in thousandths: 0 is not acceptable, 1000 is best. An element of the field that is
// malformed is passed over, and so are all beyond the first 100.
//
// Of a media type without parameters, by Accept: the most specific range that fits decides; 1000 when there is no such
// field. Ranges with parameters (but q) fit nothing.
int type_quality(const Headers& headers, std::string_view type);

// Of a content coding, by Accept-Encoding. Without the field, "identity" alone is acceptable: that is stricter than
// RFC 9110, and what clients without it can read. "identity" is acceptable unless it, or "*", is refused.
int encoding_quality(const Headers& headers, std::string_view coding);
bool accepts_encoding(const Headers& headers, std::string_view coding);

// Of those that are offered, what the client likes best; the first of equals; "" when it accepts none.
std::string_view preferred_type(const Headers& headers, std::initializer_list<std::string_view> offered);
std::string_view preferred_encoding(const Headers& headers, std::initializer_list<std::string_view> offered);

}  // namespace tendril::http
