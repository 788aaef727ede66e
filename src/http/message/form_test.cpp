// SPDX-License-Identifier: MIT

#include <tendril/http/form.hpp>

#include <gtest/gtest.h>

#include <string>

#include <tendril/http/message.hpp>

namespace tendril::http {
namespace {

int status_of(std::string_view text, const FormLimits& limits = {}) {
    try {
        Form::parse(text, limits);
        return 200;
    } catch (const ProtocolError& e) {
        return e.status();
    }
}

TEST(PercentEncoding, isUndone) {
    EXPECT_EQ(percent_decode("a%20b+c%2f%C3%a4"), "a b+c/\xc3\xa4");
    EXPECT_EQ(percent_decode("a+b", true), "a b");
    EXPECT_EQ(percent_decode("%2B%00", true), std::string("+\0", 2));
    for (const char* text : {"%", "%4", "%4g", "%g4", "100%", "%%41", "% 41", "%-1"}) {
        EXPECT_THROW(percent_decode(text), ProtocolError) << text;
    }
}

TEST(PercentEncoding, keepsWhatMayStand) {
    EXPECT_EQ(percent_encode("a b/c?d=e&f~\xff"), "a%20b%2Fc%3Fd%3De%26f~%FF");
    EXPECT_EQ(percent_encode("/a b/c?%", PercentSet::path), "/a%20b/c%3F%25");
    EXPECT_EQ(percent_encode("a=b/c?#", PercentSet::query), "a=b/c?%23");
    EXPECT_EQ(percent_encode("a b+c~*", PercentSet::form), "a+b%2Bc%7E*");
    std::string all;
    for (int c = 0; c < 256; ++c) {
        all.push_back(static_cast<char>(c));
    }
    EXPECT_EQ(percent_decode(percent_encode(all)), all);
    EXPECT_EQ(percent_decode(percent_encode(all, PercentSet::form), true), all);
}

TEST(Form, isReadInItsOrder) {
    const Form form = Form::parse("a=1&b=x+y&a=%C3%A4&c&=d&&e==&f=1;g=2");
    EXPECT_EQ(form,
              (Form{{"a", "1"}, {"b", "x y"}, {"a", "\xc3\xa4"}, {"c", ""}, {"", "d"}, {"e", "="}, {"f", "1;g=2"}}));
    EXPECT_EQ(form.get("a"), "1");
    EXPECT_EQ(form.values("a"), (std::vector<std::string_view>{"1", "\xc3\xa4"}));
    EXPECT_TRUE(form.contains("c"));
    EXPECT_FALSE(form.contains("A"));
    EXPECT_EQ(form.get("none"), "");
    EXPECT_TRUE(Form::parse("").empty());
}

TEST(Form, thatIsWrittenIsReadAsTheSame) {
    const Form form{{"a b", "1&2"}, {"=", "%+"}, {"", ""}, {"\n", "x"}};
    EXPECT_EQ(form.to_string(), "a+b=1%262&%3D=%25%2B&=&%0A=x");
    EXPECT_EQ(Form::parse(form.to_string()), form);
}

// The URL standard's application/x-www-form-urlencoded has no malformed text.
TEST(Form, keepsAPercentThatEncodesNothing) {
    EXPECT_EQ(Form::parse("a=100%&b%zz=%&c=%4&%%41=%2g+%25"),
              (Form{{"a", "100%"}, {"b%zz", "%"}, {"c", "%4"}, {"%A", "%2g %"}}));
    EXPECT_EQ(percent_decode("100%+%", true, BadPercent::kept), "100% %");
}

TEST(Form, isBounded) {
    EXPECT_EQ(status_of("a&b&c", {.max_fields = 3}), 200);
    EXPECT_EQ(status_of("a&b&c&d", {.max_fields = 3}), 413);
    EXPECT_EQ(status_of("&&&&a&&&&", {.max_fields = 1}), 200);
}

}  // namespace
}  // namespace tendril::http
