// SPDX-License-Identifier: MIT

#include "base/escape.hpp"

#include <gtest/gtest.h>

namespace tendril::detail {
namespace {

TEST(Escape, LeavesTextAsItIs) {
    for (const char* text :
         {"", "plain /path?x=1", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x80\xa7", "\xef\xbf\xbd"}) {
        EXPECT_EQ(escaped(text), text);
        EXPECT_TRUE(is_plain(text));
    }
}

TEST(Escape, ShowsWhatALogOrATerminalWouldObey) {
    const std::pair<std::string, std::string> cases[] = {
        {std::string("\0\x1f\x7f\r\n\t", 6), "\\x00\\x1f\\x7f\\x0d\\x0a\\x09"},
        {"\xc2\x80\xc2\x9b"
         "31m",
         "\\xc2\\x80\\xc2\\x9b31m"},  // C1: CSI
        {"a\xe2\x80\xa8"
         "b\xe2\x80\xa9"
         "c",
         "a\\xe2\\x80\\xa8b\\xe2\\x80\\xa9c"},  // U+2028, U+2029
        {"\xe2\x80\xae"
         "gpj",
         "\\xe2\\x80\\xaegpj"},  // right to left
        {"\xe2\x81\xa6\xe2\x80\x8f\xd8\x9c", "\\xe2\\x81\\xa6\\xe2\\x80\\x8f\\xd8\\x9c"},
        {"\xef\xbb\xbf", "\\xef\\xbb\\xbf"},
        {"\x9b"
         "31m \xff \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x80",
         "\\x9b31m \\xff \\xc0\\xaf \\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80 \\xe2\\x80"},  // not UTF-8
        {"\"\\", "\\x22\\x5c"},
    };
    for (const auto& [text, shown] : cases) {
        EXPECT_EQ(escaped(text), shown);
        EXPECT_EQ(is_plain(text), shown == "\\x22\\x5c");
    }
    EXPECT_EQ(escaped("abcdef", 3), "abc...");
    EXPECT_EQ(escaped("abc", 3), "abc");
}

}  // namespace
}  // namespace tendril::detail
