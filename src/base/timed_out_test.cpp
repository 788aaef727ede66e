// SPDX-License-Identifier: MIT

#include "base/timed_out.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace tendril {
namespace {

TEST(TimedOut, DurationsHaveThreeDigits) {
    const std::pair<std::int64_t, const char*> durations[] = {
        {0, "0 s"},
        {1, "0.001 us"},
        {12'500, "12.5 us"},
        {999'499, "999 us"},
        {999'999, "1 ms"},
        {150'000'000, "150 ms"},
        {999'500'000, "1 s"},
        {1'979'999'000, "1.98 s"},
        {1'999'999'950, "2 s"},
        {3'600'000'000'000, "3600 s"},
    };
    for (const auto& [ns, text] : durations) {
        EXPECT_EQ(detail::short_duration(ns), text);
    }
}

TEST(TimedOut, SaysHowLongAndHowMuch) {
    const auto text = [](detail::TimedOut how) { return detail::timeout_text_of("send_all", how); };
    EXPECT_EQ(text({}), "send_all: timed out");
    EXPECT_EQ(text({.waited_ns = 2'000'000'000}), "send_all: timed out after 2 s");
    EXPECT_EQ(text({.done = 7}), "send_all: timed out, 7 bytes done");
    EXPECT_EQ(text({.waited_ns = 1'000'000, .done = 7, .whole = 9}),
              "send_all: timed out, 7 of 9 bytes done, then nothing for 1 ms");
    EXPECT_EQ(text({.done = 7, .whole = 9, .unit = "values"}), "send_all: timed out, 7 of 9 values done");
}

TEST(TimeoutError, MakesItsTextOnceAndWhenItIsAsked) {
    int made = 0;
    try {
        detail::time_out({.done = 3}, [&] {
            ++made;
            return std::string("recv");
        });
    } catch (const TimeoutError& e) {
        EXPECT_EQ(made, 0) << "throwing formats nothing";
        const TimeoutError copy = e;
        EXPECT_STREQ(copy.what(), "recv: timed out, 3 bytes done");
        EXPECT_EQ(e.what(), copy.what());
        EXPECT_EQ(made, 1);
        EXPECT_EQ(copy.done(), 3u);
        EXPECT_EQ(copy.code(), std::errc::timed_out);
    }
}

TEST(TimeoutError, ATextThatCannotBeMadeHasAnother) {
    try {
        detail::time_out({}, []() -> std::string { throw std::bad_alloc(); });
    } catch (const TimeoutError& e) {
        EXPECT_STREQ(e.what(), "a deadline passed");
    }
}

TEST(TimeoutError, AnOuterCallNamesTheInnerOne) {
    const TimeoutError inner("recv from x", 3);
    EXPECT_STREQ(TimeoutError("read_line", inner, 0).what(), "read_line: recv from x: timed out, 3 bytes done");
    EXPECT_STREQ(TimeoutError("read_line", inner, 3).what(), "read_line: recv from x: timed out, 3 bytes done")
        << "what the inner one says is not said twice";
    EXPECT_STREQ(TimeoutError("read_all", inner, 10).what(),
                 "read_all, 10 bytes done: recv from x: timed out, 3 bytes done");
    const TimeoutError same(inner, 5);
    EXPECT_EQ(same.what(), inner.what());
    EXPECT_EQ(same.done(), 5u);
    static_assert(std::is_nothrow_copy_constructible_v<TimeoutError>);
}

}  // namespace
}  // namespace tendril
