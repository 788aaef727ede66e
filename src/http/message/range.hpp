// SPDX-License-Identifier: MIT
//
// What becomes of a request with conditions and ranges: RFC 9110, 13 and 14. Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/http/headers.hpp>

#include "http/message/date.hpp"

namespace tendril::http::detail {

inline constexpr std::size_t most_ranges = 16;

struct ByteRange {
    std::uint64_t first;
    std::uint64_t last;  // this one too
    std::uint64_t size() const noexcept { return last - first + 1; }
    friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// whole: there is no such field, or it is to be ignored: of another unit, malformed, with more than 16 ranges, or with
// ranges that overlap, since they would make more of a file than there is.
enum class RangeKind : std::uint8_t { whole, some, unsatisfiable };

// The value of a Range field for a representation of that size; those ranges that can't be satisfied are left out.
RangeKind parse_range(std::string_view field, std::uint64_t size, std::vector<ByteRange>& ranges);

// "bytes 0-4/10"
std::string content_range(const ByteRange& range, std::uint64_t size);
std::string unsatisfied_range(std::uint64_t size);  // "bytes */10"

// What there is to be sent.
struct Representation {
    std::string_view etag = {};  // with its quotes, perhaps W/ before it; empty: it has none
    std::optional<Time> modified = {};
    std::uint64_t size = 0;
    bool exists = true;
};

// send: all of it, or do what the method says. not_modified: 304. precondition_failed: 412. ranges: 206.
// unsatisfiable: 416.
enum class Verdict : std::uint8_t { send, not_modified, precondition_failed, ranges, unsatisfiable };

// If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, If-Range and Range, in the order of 13.2.2.
// ranges: filled for Verdict::ranges.
Verdict evaluate(std::string_view method, const Headers& headers, const Representation& there,
                 std::vector<ByteRange>& ranges);

}  // namespace tendril::http::detail
