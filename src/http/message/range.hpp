// SPDX-License-Identifier: MIT
//
// Evaluates the conditions and ranges of a request: RFC 9110, 13 and 14. Pure.

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
    std::uint64_t last;  // inclusive
    std::uint64_t size() const noexcept { return last - first + 1; }
    friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// `whole`: there is no such field, or it must be ignored: it has another unit, is malformed, has more than 16 ranges,
// or has overlapping ranges, which would send more than the file holds.
enum class RangeKind : std::uint8_t { whole, some, unsatisfiable };

// Parses the value of a Range field for a representation of `size` bytes. Leaves out ranges that cannot be satisfied.
RangeKind parse_range(std::string_view field, std::uint64_t size, std::vector<ByteRange>& ranges);

// "bytes 0-4/10"
std::string content_range(const ByteRange& range, std::uint64_t size);
std::string unsatisfied_range(std::uint64_t size);  // "bytes */10"

// The current representation, which may be sent.
struct Representation {
    std::string_view etag = {};  // with its quotes, after W/ if weak; empty: it has none
    std::optional<Time> modified = {};
    std::uint64_t size = 0;
    bool exists = true;
};

// `send`: send all of it, or do what the method says. `not_modified`: 304. `precondition_failed`: 412. `ranges`: 206.
// `unsatisfiable`: 416.
enum class Verdict : std::uint8_t { send, not_modified, precondition_failed, ranges, unsatisfiable };

// Evaluates If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, If-Range and Range, in the order of
// 13.2.2. Fills `ranges` for Verdict::ranges.
Verdict evaluate(std::string_view method, const Headers& headers, const Representation& there,
                 std::vector<ByteRange>& ranges);

}  // namespace tendril::http::detail
