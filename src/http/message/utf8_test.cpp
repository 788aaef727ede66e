// SPDX-License-Identifier: MIT

#include "http/message/utf8.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace tendril::http::detail {
namespace {

// Encodes as in the table of RFC 3629, 3.
std::string encoded(std::uint32_t c) {
    const auto byte = [](std::uint32_t b) { return static_cast<char>(b); };
    if (c < 0x80) {
        return {byte(c)};
    }
    if (c < 0x800) {
        return {byte(0xc0 | c >> 6), byte(0x80 | (c & 0x3f))};
    }
    if (c < 0x10000) {
        return {byte(0xe0 | c >> 12), byte(0x80 | (c >> 6 & 0x3f)), byte(0x80 | (c & 0x3f))};
    }
    return {byte(0xf0 | c >> 18), byte(0x80 | (c >> 12 & 0x3f)), byte(0x80 | (c >> 6 & 0x3f)), byte(0x80 | (c & 0x3f))};
}

TEST(Utf8, TakesEveryCharacterAndNothingElseOfItsForm) {
    for (std::uint32_t c = 0; c < 0x140000; ++c) {
        const bool is_character = c < 0x110000 && (c < 0xd800 || c > 0xdfff);
        ASSERT_EQ(is_utf8(encoded(c)), is_character) << c;
    }
}

TEST(Utf8, RefusesOverlongFormsAndStrayBytes) {
    for (const char* text :
         {"\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\x80",
          "\xbf", "\xfe", "\xff", "\xc3(", "\xe2(\xa1", "\xf8\x88\x80"}) {
        EXPECT_FALSE(is_utf8(text)) << text;
        EXPECT_FALSE(is_utf8("twelve bytes" + std::string(text) + "and more text behind it")) << text;
    }
}

// Autobahn 6.4: malformed text is refused as early as possible, wherever the pieces end.
TEST(Utf8, RefusesWithTheFirstWrongByte) {
    const std::string good = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
    const std::string bad[] = {"\xf4\x90", "\xed\xa0", "\xe0\x80", "\xf5", "a\x80"};
    for (const std::string& end : bad) {
        const std::string text = good + end;
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            Utf8Validator validator;
            const bool head = validator.feed(std::string_view(text).substr(0, cut));
            EXPECT_EQ(head, cut < text.size());
            EXPECT_FALSE(head && validator.feed(std::string_view(text).substr(cut)));
        }
    }
}

TEST(Utf8, KnowsWhereACharacterEnds) {
    Utf8Validator validator;
    const std::string euro = "\xe2\x82\xac";
    for (std::size_t i = 0; i < euro.size(); ++i) {
        EXPECT_TRUE(validator.complete() == (i == 0));
        EXPECT_TRUE(validator.feed(std::string_view(euro).substr(i, 1)));
    }
    EXPECT_TRUE(validator.complete());
    EXPECT_FALSE(is_utf8("\xe2\x82"));
    EXPECT_TRUE(is_utf8(""));
}

}  // namespace
}  // namespace tendril::http::detail
