// SPDX-License-Identifier: MIT

#include <tendril/http/cookie_jar.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include "http/message/public_suffixes.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

const CookieJar::Time now = CookieJar::Time(1'700'000'000s);

void store(CookieJar& jar, const Url& url, std::string_view set_cookie) {
    jar.store(url, {{"Set-Cookie", set_cookie}}, now);
}

TEST(CookieJar, SendsACookieWhereItBelongs) {
    CookieJar jar;
    store(jar, "http://www.example.org/a/b", "host=1");
    store(jar, "http://www.example.org/a/b", "domain=2; Domain=.Example.org; Path=/");
    EXPECT_EQ(jar.header("http://www.example.org/a/c", now), "host=1; domain=2");
    EXPECT_EQ(jar.header("http://www.example.org/a", now), "host=1; domain=2");
    EXPECT_EQ(jar.header("http://www.example.org:81/a/", now), "host=1; domain=2") << "ports do not matter";
    EXPECT_EQ(jar.header("http://www.example.org/ab", now), "domain=2");
    EXPECT_EQ(jar.header("http://example.org/a/b", now), "domain=2");
    EXPECT_EQ(jar.header("http://x.www.example.org/a/b", now), "domain=2");
    EXPECT_EQ(jar.header("http://badexample.org/a/b", now), "");
    EXPECT_EQ(jar.header("http://org/", now), "");
}

TEST(CookieJar, RefusesAnothersDomain) {
    CookieJar jar;
    store(jar, "http://www.example.org/", "a=1; Domain=other.org");
    store(jar, "http://www.example.org/", "a=1; Domain=org");
    store(jar, "http://www.example.org/", "a=1; Domain=x.www.example.org");
    store(jar, "http://127.0.0.1/", "a=1; Domain=0.0.1");
    EXPECT_EQ(jar.size(), 0U);
    store(jar, "http://127.0.0.1/", "a=1; Domain=127.0.0.1");
    store(jar, "http://localhost/", "b=1; Domain=localhost");
    store(jar, "http+unix://%2Frun%2Fx/", "c=1");
    EXPECT_EQ(jar.header("http://127.0.0.1/", now), "a=1");
    EXPECT_EQ(jar.header("http://localhost/", now), "b=1");
    EXPECT_EQ(jar.header("http://x.localhost/", now), "");
    EXPECT_EQ(jar.header("http+unix://%2Frun%2Fx/", now), "c=1");
}

// A program may make cookies out of what its users say.
TEST(CookieJar, RefusesWhatACookieFieldCannotCarry) {
    CookieJar jar;
    for (const char* value : {"a\r\nX-Admin: 1", "a\nb", "a; b=c", "a\x7f"}) {
        EXPECT_THROW(jar.set("http://example.org/", {.name = "n", .value = value}), std::invalid_argument) << value;
    }
    EXPECT_THROW(jar.set("http://example.org/", {.name = "n", .value = std::string("a\0b", 3)}), std::invalid_argument);
    for (const char* name : {"", "a=b", "a;b", "a\r\nX: 1"}) {
        EXPECT_THROW(jar.set("http://example.org/", {.name = name, .value = "v"}), std::invalid_argument) << name;
    }
    EXPECT_EQ(jar.size(), 0U);
    EXPECT_TRUE(jar.set("http://example.org/", {.name = "n", .value = "a b\"c,=", .secure = false}));
    EXPECT_EQ(jar.header("http://example.org/"), "n=a b\"c,=");
}

TEST(CookieJar, TakesNoPublicSuffixForADomain) {
    CookieJar jar;
    for (const char* domain : {"com", "com.", ".com.", "COM", "..com", "com..", "."}) {
        store(jar, "http://attacker.com./", std::string("a=1; Domain=") + domain);
        store(jar, "http://attacker.com/", std::string("a=1; Domain=") + domain);
    }
    EXPECT_EQ(jar.header("http://bank.com./", now), "");
    EXPECT_EQ(jar.header("http://bank.com/", now), "");
    if (!detail::PublicSuffixes::installed().has_list()) {
        return;
    }
    store(jar, "http://attacker.co.uk/", "b=1; Domain=co.uk");
    store(jar, "http://attacker.github.io/", "b=1; Domain=github.io");
    EXPECT_EQ(jar.header("http://bank.co.uk/", now), "");
    EXPECT_EQ(jar.header("http://me.github.io/", now), "");
    store(jar, "http://github.io/", "own=1; Domain=github.io");
    EXPECT_EQ(jar.header("http://github.io/", now), "own=1") << "its own host may";
    EXPECT_EQ(jar.header("http://me.github.io/", now), "");
    store(jar, "http://x.eu.compute.amazonaws.com/", "b=1; Domain=amazonaws.com");
    EXPECT_EQ(jar.header("http://www.amazonaws.com/", now), "") << "above a public suffix";
}

TEST(CookieJar, BoundsWhatOneOwnerHas) {
    CookieJar jar({.per_domain = 2, .cookies = 3});
    store(jar, "http://victim.org/", "v=1");
    for (const char* host : {"a", "b", "c", "d", "e"}) {
        store(jar, std::string("http://") + host + ".attacker.com/", "a=1");
    }
    EXPECT_EQ(jar.size(), 3U);
    EXPECT_EQ(jar.header("http://victim.org/", now), "v=1") << "hosts without end push out only their own";
    EXPECT_EQ(jar.header("http://d.attacker.com/", now), "a=1");
    EXPECT_EQ(jar.header("http://a.attacker.com/", now), "");
}

TEST(CookieJar, KnowsNamesThatEndWithADigitOrADot) {
    CookieJar jar;
    store(jar, "http://www.example.web2/", "a=1; Domain=example.web2");
    EXPECT_EQ(jar.header("http://x.example.web2/", now), "a=1");
    store(jar, "http://www.example.org./", "b=1; Domain=example.org");
    store(jar, "http://www.example.org/", "c=1; Domain=example.org.");
    EXPECT_EQ(jar.header("http://example.org/", now), "b=1; c=1") << "with or without the dot: one host";
    EXPECT_EQ(jar.header("http://example.org./", now), "b=1; c=1");
    store(jar, "http://[::1]/", "d=1; Domain=::1");
    store(jar, "http://[::1]/", "e=1; Domain=1");
    EXPECT_EQ(jar.header("http://[::1]/", now), "d=1");
    EXPECT_TRUE(jar.set("https://a.test/", {.name = "f", .domain = "a.test."}, now));
    EXPECT_EQ(jar.header("https://a.test/", now), "f=") << "set() normalises too";
}

TEST(CookieJar, KeepsSecureCookiesFromPlainConnections) {
    CookieJar jar;
    store(jar, "http://a.org/", "plain=1; Secure");
    EXPECT_EQ(jar.size(), 0U);
    store(jar, "https://a.org/", "id=1; Secure; Path=/");
    EXPECT_EQ(jar.header("http://a.org/", now), "");
    EXPECT_EQ(jar.header("https://a.org/", now), "id=1");
    store(jar, "http://a.org/", "id=evil; Path=/");
    store(jar, "http://x.a.org/", "id=evil; Domain=a.org; Path=/login");
    EXPECT_EQ(jar.header("https://a.org/login", now), "id=1");
}

TEST(CookieJar, ForgetsInTime) {
    CookieJar jar;
    store(jar, "http://a.org/", "session=1");
    store(jar, "http://a.org/", "short=1; Max-Age=10");
    store(jar, "http://a.org/", "gone=1; Max-Age=0");
    store(jar, "http://a.org/", "past=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    store(jar, "http://a.org/", "both=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(jar.header("http://a.org/", now), "session=1; short=1; both=1");
    EXPECT_EQ(jar.header("http://a.org/", now + 10s), "session=1");
    EXPECT_EQ(jar.cookies(now + 10s).size(), 1U);
    store(jar, "http://a.org/", "session=; Max-Age=0");
    EXPECT_EQ(jar.header("http://a.org/", now + 10s), "");
    store(jar, "http://a.org/", "long=1; Max-Age=99999999999");
    EXPECT_EQ(jar.header("http://a.org/", now + std::chrono::hours(24 * 401)), "");
}

TEST(CookieJar, ReplacesAndOrders) {
    CookieJar jar;
    store(jar, "http://a.org/", "x=1");
    store(jar, "http://a.org/", "y=1");
    store(jar, "http://a.org/", "x=2");
    store(jar, "http://a.org/", "z=3; Path=/a");
    EXPECT_EQ(jar.header("http://a.org/a", now), "z=3; x=2; y=1");
    EXPECT_EQ(jar.size(), 3U);
    jar.clear();
    EXPECT_EQ(jar.header("http://a.org/a", now), "");
}

TEST(CookieJar, IsBounded) {
    CookieJar jar({.per_domain = 2, .cookies = 3});
    store(jar, "http://a.org/", "a=1");
    store(jar, "http://a.org/", "b=1");
    EXPECT_EQ(jar.header("http://a.org/x", now), "a=1; b=1");
    store(jar, "http://a.org/", "c=1");
    EXPECT_EQ(jar.header("http://a.org/", now), "b=1; c=1");
    store(jar, "http://b.org/", "d=1");
    store(jar, "http://c.org/", "e=1");
    EXPECT_EQ(jar.size(), 3U);
    EXPECT_EQ(jar.header("http://a.org/", now), "c=1");
    EXPECT_EQ(jar.header("http://c.org/", now), "e=1");
}

}  // namespace
}  // namespace tendril::http
