// SPDX-License-Identifier: MIT

#include "http/message/range.hpp"

#include <gtest/gtest.h>

namespace tendril::http::detail {
namespace {

using Ranges = std::vector<ByteRange>;

Ranges some(std::string_view field, std::uint64_t size = 10) {
    Ranges ranges;
    EXPECT_EQ(parse_range(field, size, ranges), RangeKind::some) << field;
    return ranges;
}

RangeKind kind(std::string_view field, std::uint64_t size = 10) {
    Ranges ranges;
    return parse_range(field, size, ranges);
}

TEST(Range, isTakenWithinTheSize) {
    EXPECT_EQ(some("bytes=0-4"), (Ranges{{0, 4}}));
    EXPECT_EQ(some("Bytes=5-"), (Ranges{{5, 9}}));
    EXPECT_EQ(some("bytes=-3"), (Ranges{{7, 9}}));
    EXPECT_EQ(some("bytes=-30"), (Ranges{{0, 9}}));
    EXPECT_EQ(some("bytes=9-99999999999999999999999"), (Ranges{{9, 9}}));
    EXPECT_EQ(some("bytes= 8-8 , 0-0,, -1"), (Ranges{{8, 8}, {0, 0}, {9, 9}}));
    EXPECT_EQ(some("bytes=20-30, 1-1"), (Ranges{{1, 1}})) << "what can't be satisfied is left out";
    EXPECT_EQ(content_range({0, 4}, 10), "bytes 0-4/10");
    EXPECT_EQ(unsatisfied_range(10), "bytes */10");
}

TEST(Range, thatCannotBeSatisfied) {
    EXPECT_EQ(kind("bytes=10-"), RangeKind::unsatisfiable);
    EXPECT_EQ(kind("bytes=10-20, 30-"), RangeKind::unsatisfiable);
    EXPECT_EQ(kind("bytes=-0"), RangeKind::unsatisfiable);
    EXPECT_EQ(kind("bytes=0-", 0), RangeKind::unsatisfiable);
    EXPECT_EQ(kind("bytes=99999999999999999999-"), RangeKind::unsatisfiable);
}

TEST(Range, thatIsMalformedOrTooMuchIsIgnored) {
    for (const char* field :
         {"", "bytes", "bytes=", "bytes=,", "bytes=5", "bytes=5-4", "bytes=a-", "bytes=--1", "bytes=-", "bytes=0-1-2",
          "bytes=+1-2", "lines=0-1", "bytes=0-1;2-3", "bytes =0-1", "bytes=0 - 1"}) {
        EXPECT_EQ(kind(field), RangeKind::whole) << field;
    }
    EXPECT_EQ(kind("bytes=0-4,4-5"), RangeKind::whole) << "they overlap";
    EXPECT_EQ(kind("bytes=5-,0-,-1"), RangeKind::whole);
    std::string many = "bytes=0-0";
    for (int i = 1; i < 16; ++i) {
        many += "," + std::to_string(2 * i) + "-" + std::to_string(2 * i);
    }
    EXPECT_EQ(some(many, 100).size(), 16U);
    EXPECT_EQ(kind(many + ",99-", 100), RangeKind::whole);
}

constexpr const char* long_ago = "Sat, 01 Jan 2000 00:00:00 GMT";
constexpr const char* then = "Sun, 06 Nov 2022 08:49:37 GMT";
constexpr const char* later = "Fri, 01 Dec 2023 00:00:00 GMT";

Verdict verdict(const char* method, const Headers& headers, std::string_view etag = "\"a,b\"") {
    Ranges ranges;
    return evaluate(method, headers,
                    {.etag = etag, .modified = *parse_date(then) + std::chrono::milliseconds(300), .size = 10}, ranges);
}

TEST(Conditions, withTags) {
    EXPECT_EQ(verdict("GET", {{"If-None-Match", R"("x", W/"a,b")"}}), Verdict::not_modified);
    EXPECT_EQ(verdict("HEAD", {{"If-None-Match", "*"}}), Verdict::not_modified);
    EXPECT_EQ(verdict("PUT", {{"If-None-Match", "*"}}), Verdict::precondition_failed);
    EXPECT_EQ(verdict("GET", {{"If-None-Match", R"("a", "b")"}}), Verdict::send);
    EXPECT_EQ(verdict("GET", {{"If-None-Match", R"("x)"}}), Verdict::send);
    EXPECT_EQ(verdict("GET", {{"If-None-Match", R"("x\", "a,b")"}}), Verdict::not_modified) << "no escapes in tags";
    EXPECT_EQ(verdict("GET", {{"If-Match", R"("x","a,b")"}}), Verdict::send);
    EXPECT_EQ(verdict("GET", {{"If-Match", "\"x\""}, {"If-Match", "\"a,b\""}}), Verdict::send);
    EXPECT_EQ(verdict("GET", {{"If-Match", R"(W/"a,b")"}}), Verdict::precondition_failed) << "strong comparison";
    EXPECT_EQ(verdict("GET", {{"If-Match", R"(W/"a")"}}, "W/\"a\""), Verdict::precondition_failed);
    EXPECT_EQ(verdict("GET", {{"If-None-Match", R"("a")"}}, "W/\"a\""), Verdict::not_modified);
    EXPECT_EQ(verdict("GET", {{"If-Match", "*"}}), Verdict::send);
    Ranges ranges;
    EXPECT_EQ(evaluate("PUT", {{"If-Match", "*"}}, {.exists = false}, ranges), Verdict::precondition_failed);
    EXPECT_EQ(evaluate("PUT", {{"If-None-Match", "*"}}, {.exists = false}, ranges), Verdict::send);
}

TEST(Conditions, withDates) {
    EXPECT_EQ(verdict("GET", {{"If-Modified-Since", then}}), Verdict::not_modified);
    EXPECT_EQ(verdict("GET", {{"If-Modified-Since", later}}), Verdict::not_modified);
    EXPECT_EQ(verdict("GET", {{"If-Modified-Since", long_ago}}), Verdict::send);
    EXPECT_EQ(verdict("POST", {{"If-Modified-Since", later}}), Verdict::send);
    EXPECT_EQ(verdict("GET", {{"If-Modified-Since", "yesterday"}}), Verdict::send);
    EXPECT_EQ(verdict("GET", {{"If-Unmodified-Since", then}}), Verdict::send);
    EXPECT_EQ(verdict("POST", {{"If-Unmodified-Since", long_ago}}), Verdict::precondition_failed);
}

TEST(Conditions, haveTheirPrecedence) {
    EXPECT_EQ(verdict("GET", {{"If-Match", "\"a,b\""}, {"If-Unmodified-Since", long_ago}}), Verdict::send);
    EXPECT_EQ(verdict("GET", {{"If-None-Match", "\"x\""}, {"If-Modified-Since", later}}), Verdict::send);
    EXPECT_EQ(verdict("GET", {{"If-Match", "\"x\""}, {"If-None-Match", "*"}}), Verdict::precondition_failed);
    EXPECT_EQ(verdict("GET", {{"If-None-Match", "*"}, {"Range", "bytes=0-1"}}), Verdict::not_modified);
}

TEST(Conditions, ofRanges) {
    EXPECT_EQ(verdict("GET", {{"Range", "bytes=0-1"}}), Verdict::ranges);
    EXPECT_EQ(verdict("HEAD", {{"Range", "bytes=0-1"}}), Verdict::send);
    EXPECT_EQ(verdict("GET", {{"Range", "bytes=10-"}}), Verdict::unsatisfiable);
    EXPECT_EQ(verdict("GET", {{"Range", "bytes=0-1"}, {"Range", "bytes=2-3"}}), Verdict::send);
    EXPECT_EQ(verdict("GET", {{"Range", "bytes=0-1"}, {"If-Range", "\"a,b\""}}), Verdict::ranges);
    EXPECT_EQ(verdict("GET", {{"Range", "bytes=0-1"}, {"If-Range", "W/\"a,b\""}}), Verdict::send);
    EXPECT_EQ(verdict("GET", {{"Range", "bytes=99-"}, {"If-Range", "\"x\""}}), Verdict::send);
    EXPECT_EQ(verdict("GET", {{"Range", "bytes=0-1"}, {"If-Range", then}}), Verdict::ranges);
    EXPECT_EQ(verdict("GET", {{"Range", "bytes=0-1"}, {"If-Range", later}}), Verdict::send);
}

}  // namespace
}  // namespace tendril::http::detail
