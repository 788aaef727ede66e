// SPDX-License-Identifier: MIT

#include "http/message/framing.hpp"

#include <optional>

#include <tendril/http/message.hpp>

#include "http/message/chars.hpp"

namespace tendril::http::detail {

namespace {

// "5", "5, 5" and "5" twice all mean 5; lengths that differ are an attack or a bug: RFC 9110, 8.6.
void note_length(std::string_view value, std::optional<std::uint64_t>& length) {
    for (bool more = true; more;) {
        const std::size_t comma = value.find(',');
        const std::optional<std::uint64_t> one = parse_decimal(trimmed(value.substr(0, comma)));
        if (!one.has_value()) {
            throw ProtocolError(Fault::malformed, 400, "a Content-Length that is not a number");
        }
        if (length.value_or(*one) != *one) {
            throw ProtocolError(Fault::malformed, 400, "several Content-Lengths that differ");
        }
        length = one;
        more = comma != std::string_view::npos;
        value.remove_prefix(more ? comma + 1 : value.size());
    }
}

// The only supported coding is chunked, once and as the last one.
void note_codings(std::string_view value, Manner manner, bool& coded, bool& chunked) {
    std::string_view rest = value;
    for (std::string_view element; next_in_list(rest, element);) {
        if (manner == Manner::lenient && same_ignoring_case(element, "identity")) {
            continue;
        }
        coded = true;
        if (chunked) {
            throw ProtocolError(Fault::malformed, 400, "a transfer coding after chunked");
        }
        if (!same_ignoring_case(element, "chunked")) {
            throw ProtocolError(Fault::unsupported, 501, "a transfer coding other than chunked");
        }
        chunked = true;
    }
}

}  // namespace

Framing framing_of(const Headers& headers, Manner manner) {
    std::optional<std::uint64_t> length;
    bool coded = false;
    bool chunked = false;
    for (const Headers::Field field : headers) {
        if (field.name.size() == 14 && same_ignoring_case(field.name, "Content-Length")) {
            note_length(field.value, length);
        } else if (field.name.size() == 17 && same_ignoring_case(field.name, "Transfer-Encoding")) {
            coded = coded || manner == Manner::strict;
            note_codings(field.value, manner, coded, chunked);
        }
    }
    if (coded && length.has_value() && manner == Manner::strict) {
        throw ProtocolError(Fault::malformed, 400, "both Content-Length and Transfer-Encoding");
    }
    if (coded && !chunked) {
        throw ProtocolError(Fault::malformed, 400, "an empty Transfer-Encoding");
    }
    if (chunked) {
        return {Framing::Kind::chunked, 0};
    }
    if (length.has_value()) {
        return {Framing::Kind::length, *length};
    }
    return {};
}

}  // namespace tendril::http::detail
