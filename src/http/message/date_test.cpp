// SPDX-License-Identifier: MIT

#include "http/message/date.hpp"

#include <gtest/gtest.h>

#include <tendril/http/date.hpp>

namespace tendril::http::detail {
namespace {

using std::chrono::seconds;

constexpr Time at(std::int64_t since_1970) {
    return Time(seconds(since_1970));
}

TEST(Date, isWrittenAsAnImfFixdate) {
    EXPECT_EQ(format_date(at(784111777)), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(format_date(at(784111777) + std::chrono::milliseconds(999)), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(format_date(at(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(format_date(at(-1)), "Wed, 31 Dec 1969 23:59:59 GMT");
    EXPECT_EQ(format_date(at(951782400)), "Tue, 29 Feb 2000 00:00:00 GMT");
    EXPECT_EQ(format_date(Time::max()), "Fri, 11 Apr 2262 23:47:16 GMT");
}

TEST(Date, isReadInAllThreeForms) {
    EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), at(784111777));
    EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT"), at(784111777));
    EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994"), at(784111777));
    EXPECT_EQ(parse_date("Sun Nov 16 08:49:37 1994"), at(784111777 + 10 * 86400));
    EXPECT_EQ(parse_date("Fri, 30 Jun 1972 23:59:60 GMT"), at(78796800)) << "a leap second";
}

TEST(Date, ofTwoDigitsIsNeverMoreThanFiftyYearsAhead) {
    const Time now = at(1700000000);  // 2023
    EXPECT_EQ(format_date(*parse_date("Monday, 01-Jan-73 00:00:00 GMT", now)).substr(12, 4), "2073");
    EXPECT_EQ(format_date(*parse_date("Monday, 01-Jan-74 00:00:00 GMT", now)).substr(12, 4), "1974");
    const Time late = at(3786912000);  // 2090
    EXPECT_EQ(format_date(*parse_date("Monday, 01-Jan-10 00:00:00 GMT", late)).substr(12, 4), "2110");
}

TEST(Date, thatIsNoneIsRefused) {
    for (const char* text :
         {"", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
          "sun, 06 nov 1994 08:49:37 gmt", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
          "Sun, 06 Nov 1994 08:49:61 GMT", "Tue, 30 Feb 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
          "Sun, 06 Nov 94 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
          "Sun Nov 6 08:49:37 1994", "Foo, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "784111777"}) {
        EXPECT_EQ(parse_date(text), std::nullopt) << text;
    }
}

TEST(Date, beyondTheClockBecomesItsEnd) {
    EXPECT_GT(*parse_date("Fri, 31 Dec 9999 23:59:59 GMT"), Time::max() - seconds(1));
    EXPECT_LT(*parse_date("Sat, 01 Jan 0000 00:00:00 GMT"), Time::min() + seconds(1));
}

TEST(Date, inPublicIsTheSame) {
    EXPECT_EQ(format_date_time(at(784111777)), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(parse_date_time("Sun Nov  6 08:49:37 1994"), at(784111777));
    EXPECT_EQ(parse_date_time("Monday, 01-Jan-74 00:00:00 GMT", at(1700000000)), at(126230400));
    EXPECT_EQ(parse_date_time("yesterday"), std::nullopt);
    EXPECT_LE(*parse_date_time(format_date_time()), std::chrono::system_clock::now());
}

TEST(Date, ofACookieIsReadLaxly) {
    for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                             "Sun Nov  6 08:49:37 1994", "06 nov 1994 08:49:37", "8:49:37 1994 november 6",
                             "Sun, 06-Nov-1994 08:49:37 UTC; what else", "6th Nov94 1994ad 08:49:37pm"}) {
        EXPECT_EQ(parse_cookie_date(text), at(784111777)) << text;
    }
    for (const char* text :
         {"", "06 Nov 1994", "08:49:37 Nov 1994", "08:49:37 6 1994", "08:49:37 6 Nov", "08:49:37 6 Nov 1600",
          "08:49:37 32 Nov 1994", "24:49:37 6 Nov 1994", "08:49:60 6 Nov 1994", "08:49 6 Nov 1994",
          "008:49:37 6 Nov 1994", "08:49:37 6 Nov 19941", "08:49:37 30 Feb 1994"}) {
        EXPECT_EQ(parse_cookie_date(text), std::nullopt) << text;
    }
    EXPECT_EQ(format_date(*parse_cookie_date("1 Jan 69 0:0:0")).substr(12, 4), "2069");
    EXPECT_EQ(format_date(*parse_cookie_date("1 Jan 70 0:0:0")).substr(12, 4), "1970");
}

}  // namespace
}  // namespace tendril::http::detail
