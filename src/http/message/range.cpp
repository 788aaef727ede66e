// SPDX-License-Identifier: MIT

#include "http/message/range.hpp"

#include <algorithm>

#include "http/message/chars.hpp"

namespace tendril::http::detail {

namespace {

// Parses digits only. A number too large for the type becomes the largest.
std::optional<std::uint64_t> parse_position(std::string_view text) noexcept {
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) {
        return std::nullopt;
    }
    return parse_decimal(text).value_or(UINT64_MAX);
}

// Adds "0-4", "5-" or "-3". Returns: false if it is malformed.
bool add_range(std::string_view text, std::uint64_t size, std::vector<ByteRange>& ranges) {
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) {
        return false;
    }
    const std::string_view behind = text.substr(dash + 1);
    if (dash == 0) {
        const auto count = parse_position(behind);
        if (count.has_value() && *count > 0 && size > 0) {
            ranges.push_back({size - std::min(*count, size), size - 1});
        }
        return count.has_value();
    }
    const auto first = parse_position(text.substr(0, dash));
    const auto last = behind.empty() ? UINT64_MAX : parse_position(behind);
    if (!first.has_value() || !last.has_value() || *last < *first) {
        return false;
    }
    if (*first < size) {
        ranges.push_back({*first, std::min(*last, size - 1)});
    }
    return true;
}

bool overlap(std::vector<ByteRange> ranges) {
    std::sort(ranges.begin(), ranges.end(), [](const ByteRange& a, const ByteRange& b) { return a.first < b.first; });
    return std::adjacent_find(ranges.begin(), ranges.end(),
                              [](const ByteRange& a, const ByteRange& b) { return b.first <= a.last; }) != ranges.end();
}

// Takes the next entity tag from the front of `rest`. A tag may hold commas, and backslashes have no meaning in it:
// 8.8.3.
// Returns: false at the end, and if the text is not a tag.
bool next_etag(std::string_view& rest, std::string_view& tag) noexcept {
    while (!rest.empty() && (is_blank(rest.front()) || rest.front() == ',')) {
        rest.remove_prefix(1);
    }
    const std::size_t open = rest.starts_with("W/") ? 2 : 0;
    const std::size_t close =
        open < rest.size() && rest[open] == '"' ? rest.find('"', open + 1) : std::string_view::npos;
    if (close == std::string_view::npos) {
        return false;
    }
    tag = rest.substr(0, close + 1);
    rest.remove_prefix(close + 1);
    return true;
}

std::string_view opaque(std::string_view tag) noexcept {
    return tag.starts_with("W/") ? tag.substr(2) : tag;
}

// A strong comparison with a weak tag is always false.
bool same_tag(std::string_view a, std::string_view b, bool strong) noexcept {
    return strong ? a == b && a.starts_with('"') : opaque(a) == opaque(b);
}

// Whether If-Match or If-None-Match names the current representation.
bool names(const Headers& headers, std::string_view field, const Representation& there, bool strong) {
    for (const std::string_view value : headers.values(field)) {
        if (trimmed(value) == "*") {
            return there.exists;
        }
        std::string_view rest = value;
        for (std::string_view tag; next_etag(rest, tag);) {
            if (there.exists && !there.etag.empty() && same_tag(tag, there.etag, strong)) {
                return true;
            }
        }
    }
    return false;
}

// Returns: nothing also when the time of the last change is unknown: the field must then be ignored.
std::optional<Time> date_of(const Headers& headers, std::string_view field, const Representation& there) {
    const bool counts = headers.count(field) == 1 && there.exists && there.modified.has_value();
    return counts ? parse_date(headers.get(field)) : std::nullopt;
}

bool if_range_holds(const Headers& headers, const Representation& there, std::optional<Time> modified) {
    if (!headers.contains("If-Range")) {
        return true;
    }
    const std::string_view value = headers.get("If-Range");
    if (value.find('"') != std::string_view::npos) {
        return same_tag(value, there.etag, true);
    }
    return modified.has_value() && parse_date(value) == modified;
}

}  // namespace

RangeKind parse_range(std::string_view field, std::uint64_t size, std::vector<ByteRange>& ranges) {
    ranges.clear();
    constexpr std::string_view unit = "bytes=";
    if (!same_ignoring_case(field.substr(0, unit.size()), unit)) {
        return RangeKind::whole;
    }
    std::string_view rest = field.substr(unit.size());
    std::size_t count = 0;
    for (std::string_view each; next_in_list(rest, each); ++count) {
        if (count == most_ranges || !add_range(each, size, ranges)) {
            ranges.clear();
            return RangeKind::whole;
        }
    }
    if (count == 0 || overlap(ranges)) {
        ranges.clear();
        return RangeKind::whole;
    }
    return ranges.empty() ? RangeKind::unsatisfiable : RangeKind::some;
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
    return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/" + std::to_string(size);
}

std::string unsatisfied_range(std::uint64_t size) {
    return "bytes */" + std::to_string(size);
}

Verdict evaluate(std::string_view method, const Headers& headers, const Representation& there,
                 std::vector<ByteRange>& ranges) {
    ranges.clear();
    const bool reads = method == "GET" || method == "HEAD";
    std::optional<Time> modified = there.modified;  // in whole seconds, as dates have
    if (modified.has_value()) {
        modified = std::chrono::floor<std::chrono::seconds>(*modified);
    }
    if (headers.contains("If-Match")) {
        if (!names(headers, "If-Match", there, true)) {
            return Verdict::precondition_failed;
        }
    } else if (const auto date = date_of(headers, "If-Unmodified-Since", there);
               date.has_value() && *modified > *date) {
        return Verdict::precondition_failed;
    }
    if (headers.contains("If-None-Match")) {
        if (names(headers, "If-None-Match", there, false)) {
            return reads ? Verdict::not_modified : Verdict::precondition_failed;
        }
    } else if (const auto date = date_of(headers, "If-Modified-Since", there);
               reads && date.has_value() && *modified <= *date) {
        return Verdict::not_modified;
    }
    if (method == "GET" && headers.count("Range") == 1 && if_range_holds(headers, there, modified)) {
        const RangeKind kind = parse_range(headers.get("Range"), there.size, ranges);
        return kind == RangeKind::some    ? Verdict::ranges
               : kind == RangeKind::whole ? Verdict::send
                                          : Verdict::unsatisfiable;
    }
    return Verdict::send;
}

}  // namespace tendril::http::detail
