// SPDX-License-Identifier: MIT

#include <tendril/http/cookie.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace tendril::http {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;

TEST(Cookies, thatAreSetAreWritten) {
    const std::string safe = "; Secure; HttpOnly; SameSite=Lax";
    EXPECT_EQ(to_string(Cookie{.name = "a", .value = "1"}), "a=1" + safe) << "safe unless said otherwise";
    EXPECT_EQ(to_string(Cookie{.name = "a", .value = "\"quoted\""}), "a=\"quoted\"" + safe);
    EXPECT_EQ(
        to_string(Cookie{.name = "a", .value = "1", .secure = false, .http_only = false, .same_site = SameSite::unset}),
        "a=1");
    EXPECT_EQ(to_string(Cookie{.name = "session",
                               .value = "x=y",
                               .domain = "example.com",
                               .path = "/shop",
                               .expires = system_clock::time_point(784111777s),
                               .max_age = 3600s,
                               .secure = true,
                               .http_only = true,
                               .same_site = SameSite::lax}),
              "session=x=y; Domain=example.com; Path=/shop; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Max-Age=3600; "
              "Secure; HttpOnly; SameSite=Lax");
}

TEST(Cookies, thatWouldBeSplitAreRefused) {
    for (const char* value : {"a b", "a;b", "a,b", "a\"b", "a\\b", "a\r\nSet-Cookie: b=c", "\xc3\xa4", "\"", "a\x7f"}) {
        EXPECT_THROW(to_string(Cookie{.name = "a", .value = value}), std::invalid_argument) << value;
    }
    for (const char* name : {"", "a b", "a=b", "a;b", "a\n"}) {
        EXPECT_THROW(to_string(Cookie{.name = name, .value = "1"}), std::invalid_argument) << name;
    }
    for (const char* path : {"shop", "/a;b", "/a\r\nb", "/\xff"}) {
        EXPECT_THROW(to_string(Cookie{.name = "a", .path = path}), std::invalid_argument) << path;
    }
    for (const char* domain : {"a;b", "a b", "a\nb", "a/b", ".a", "a.", "a..b"}) {
        EXPECT_THROW(to_string(Cookie{.name = "a", .domain = domain}), std::invalid_argument) << domain;
    }
    EXPECT_THROW(to_string(Cookie{.name = "a", .value = std::string(4096, 'x')}), std::invalid_argument);
    EXPECT_THROW(to_string(Cookie{.name = "a", .path = std::string(1025, '/')}), std::invalid_argument);
}

TEST(Cookies, keepWhatTheirPrefixPromises) {
    EXPECT_NO_THROW(to_string(Cookie{.name = "__Host-a", .path = "/", .secure = true}));
    EXPECT_NO_THROW(to_string(Cookie{.name = "__Secure-a", .domain = "x.org", .secure = true}));
    EXPECT_THROW(to_string(Cookie{.name = "__Secure-a", .secure = false}), std::invalid_argument);
    EXPECT_THROW(to_string(Cookie{.name = "__Host-a", .path = "/", .secure = false}), std::invalid_argument);
    EXPECT_THROW(to_string(Cookie{.name = "__host-a", .secure = true}), std::invalid_argument);
    EXPECT_THROW(to_string(Cookie{.name = "__Host-a", .domain = "x.org", .path = "/", .secure = true}),
                 std::invalid_argument);
    EXPECT_THROW(to_string(Cookie{.name = "a", .secure = false, .same_site = SameSite::none}), std::invalid_argument);

    EXPECT_TRUE(parse_set_cookie("__Host-a=1; Secure; Path=/").has_value());
    EXPECT_FALSE(parse_set_cookie("__Host-a=1; Secure").has_value());
    EXPECT_FALSE(parse_set_cookie("__Secure-a=1; Path=/").has_value());
}

TEST(Cookies, areReadFromSetCookieLeniently) {
    const Cookie all = *parse_set_cookie(
        " id = a b\"c ;EXPIRES=Sun, 06-Nov-94 08:49:37 GMT; max-age=60; Domain=.Example.COM; path=/x;secure;HttpOnly; "
        "samesite=STRICT; Priority=High; ;");
    EXPECT_EQ(all, (Cookie{.name = "id",
                           .value = "a b\"c",
                           .domain = "example.com",
                           .path = "/x",
                           .expires = system_clock::time_point(784111777s),
                           .max_age = 60s,
                           .secure = true,
                           .http_only = true,
                           .same_site = SameSite::strict}));
    EXPECT_EQ(parse_set_cookie("a=\"1\"")->value, "\"1\"") << "it goes back as it came";
    EXPECT_EQ(parse_set_cookie("a=1"),
              (Cookie{.name = "a", .value = "1", .secure = false, .http_only = false, .same_site = SameSite::unset}))
        << "what a server did not say was not said";
    EXPECT_EQ(parse_set_cookie("a=1; Domain=example.org.")->domain, "example.org");
    EXPECT_EQ(parse_set_cookie("a=")->value, "");
    EXPECT_EQ(parse_set_cookie("a=1; Path=/x; Path=/y")->path, "/y");
    EXPECT_EQ(parse_set_cookie("a=1; Path=/x; Path=y")->path, "");
    EXPECT_EQ(parse_set_cookie("a=1; SameSite=Sometimes")->same_site, SameSite::unset);
}

TEST(Cookies, passOverBadAttributes) {
    const Cookie plain = *parse_set_cookie("a=1");
    for (const char* text : {"a=1; Expires=tomorrow", "a=1; Max-Age=", "a=1; Max-Age=1x", "a=1; Max-Age=+1",
                             "a=1; Domain", "a=1; Path", "a=1;;;", "a=1; =;"}) {
        EXPECT_EQ(parse_set_cookie(text), plain) << text;
    }
    EXPECT_EQ(parse_set_cookie("a=1; Path=/" + std::string(1024, 'x')), plain);
    EXPECT_EQ(parse_set_cookie("a=1; Max-Age=-5")->max_age, 0s);
    EXPECT_EQ(parse_set_cookie("a=1; Max-Age=99999999999999999999999")->max_age, 2147483647s);
}

TEST(Cookies, thatMustBeIgnoredAreIgnored) {
    for (const std::string& text : {std::string(), std::string("a"), std::string("=1"), std::string("; Secure"),
                                    std::string("a=1\n"), std::string("a=\0", 3), "a=" + std::string(4096, 'x')}) {
        EXPECT_FALSE(parse_set_cookie(text).has_value()) << text;
    }
}

TEST(Cookies, ofARequestComeInTheirOrder) {
    EXPECT_EQ(parse_cookies(R"(a=1; b="2";c=x=y ; a=3;d; =e; f=;"g)"),
              (std::vector<CookiePair>{{"a", "1"}, {"b", "2"}, {"c", "x=y"}, {"a", "3"}, {"f", ""}}));
    EXPECT_TRUE(parse_cookies("").empty());

    const Headers headers{{"Cookie", "a=1; b=2"}, {"X", "y"}, {"cookie", "b=3; c=4"}};
    EXPECT_EQ(parse_cookies(headers), (std::vector<CookiePair>{{"a", "1"}, {"b", "2"}, {"b", "3"}, {"c", "4"}}));
    EXPECT_EQ(cookie(headers, "b"), "2");
    EXPECT_EQ(cookie(headers, "c"), "4");
    EXPECT_EQ(cookie(headers, "B"), std::nullopt);
}

}  // namespace
}  // namespace tendril::http
