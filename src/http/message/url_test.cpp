// SPDX-License-Identifier: MIT

#include <tendril/http/url.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "http/message/uri.hpp"

using tendril::http::Url;
using tendril::http::UserInfo;

namespace {

std::string why_refused(std::string_view text) {
    try {
        Url url(text);
        return "taken as " + url.to_string();
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
}

}  // namespace

// RFC 3986, 5.4.1 and 5.4.2; "g:h" and "http:g" do not name a supported URL.
TEST(Url, ResolvesTheExamplesOfTheRfc) {
    const Url base("http://a/b/c/d;p?q");
    const std::vector<std::pair<const char*, const char*>> examples = {
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"},
        {"g#s", "http://a/b/c/g#s"},
        {"g?y#s", "http://a/b/c/g?y#s"},
        {";x", "http://a/b/c/;x"},
        {"g;x", "http://a/b/c/g;x"},
        {"g;x?y#s", "http://a/b/c/g;x?y#s"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {".g", "http://a/b/c/.g"},
        {"g..", "http://a/b/c/g.."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"g#s/./x", "http://a/b/c/g#s/./x"},
        {"g#s/../x", "http://a/b/c/g#s/../x"},
    };
    for (const auto& each : examples) {
        EXPECT_EQ(base.resolve(each.first).to_string(), each.second) << each.first;
    }
    EXPECT_THROW(base.resolve("g:h"), std::invalid_argument);
    EXPECT_THROW(base.resolve("http:g"), std::invalid_argument);
    EXPECT_EQ(Url("http://a").resolve("g").to_string(), "http://a/g");
    EXPECT_EQ(base.resolve("https://b/../x").to_string(), "https://b/x");
}

TEST(Url, HasItsParts) {
    const Url url("https://example.org:8443/a/b?x=1&y#top");
    EXPECT_EQ(url.scheme(), "https");
    EXPECT_EQ(url.host(), "example.org");
    EXPECT_EQ(url.port(), 8443);
    EXPECT_EQ(url.path(), "/a/b");
    EXPECT_EQ(url.query(), "x=1&y");
    EXPECT_EQ(url.fragment(), "top");
    EXPECT_EQ(url.target(), "/a/b?x=1&y");
    EXPECT_EQ(url.host_header(), "example.org:8443");
    EXPECT_TRUE(url.secure());
    EXPECT_EQ(url.without_fragment().to_string(), "https://example.org:8443/a/b?x=1&y");
    EXPECT_EQ(Url("http://a?").target(), "/?");
    EXPECT_EQ(Url("ws://a").port(), 80);
    EXPECT_EQ(Url("wss://a").port(), 443);
}

TEST(Url, IsMadeNormal) {
    const std::vector<std::pair<const char*, const char*>> examples = {
        {"HTTP://EXAMPLE.Org:80", "http://example.org/"},
        {"https://a:443/", "https://a/"},
        {"https://a:/", "https://a/"},
        {"http://a:0081/", "http://a:81/"},
        {"http://a/b/../../c/./d/%2e%2E/e", "http://a/c/e"},
        {"http://[2001:DB8:0:0::1]:80/", "http://[2001:db8::1]/"},
        {"http://a./", "http://a./"},
        {"http://a//b//", "http://a//b//"},
        {"http://a/\xc3\xa9 {b}?q=\"\xc3\xa9\"#<\xc3\xa9>", "http://a/%C3%A9%20%7Bb%7D?q=%22%C3%A9%22#%3C%C3%A9%3E"},
        {"http://a/?x[]=1#a#b", "http://a/?x%5B%5D=1#a%23b"},
        {"http://a/%7Eb", "http://a/%7Eb"},
    };
    for (const auto& each : examples) {
        EXPECT_EQ(Url(each.first).to_string(), each.second);
        EXPECT_EQ(Url(Url(each.first).to_string()), Url(each.first));
    }
}

TEST(Url, RefusesWhatIsNoUrl) {
    const std::vector<std::pair<std::string, const char*>> examples = {
        {"", "without a scheme"},
        {"//a/b", "without a scheme"},
        {"ftp://a/", "scheme is none of"},
        {"http:/a", "without a host"},
        {"http:///b", "without a host"},
        {"http://a:0/", "not a number from 1"},
        {"http://a:65536/", "not a number from 1"},
        {"http://a:+1/", "not a number from 1"},
        {"http://a:1:2/", "not a number from 1"},
        {"http://user:pw@a/", "with a user"},
        {"http://a b/", "not allowed in a host name"},
        {"http://a%41/", "not allowed in a host name"},
        {"http://\xc3\xa9.org/", "xn--"},
        {"http://a..b/", "empty part"},
        {"http://.a/", "empty part"},
        {"http://" + std::string(64, 'a') + "/", "63"},
        {"http://127.1/", "not an IPv4"},
        {"http://0x7f.0.0.1/", "not an IPv4"},
        {"http://2130706433/", "not an IPv4"},
        {"http://0177.0.0.1/", "not an IPv4"},
        {"http://1.2.3.256/", "not an IPv4"},
        {"http://[::1/", "no ]"},
        {"http://[::g]/", "not an IPv6"},
        {"http://[fe80::1%25eth0]/", "not an IPv6"},
        {"http://[::1]x/", "followed by"},
        {"http://a/\r\nHost: b", "control character"},
        {"http://a/?\n", "control character"},
        {"http://a/#\x7f", "control character"},
        {std::string("http://a/\0b", 11), "control character"},
        {"http://a\\b/", "not allowed in a host name"},
        {"http://a/\\b", "backslash"},
        {"http://a/%zz", "two hexadecimal digits"},
        {"http://a/%1", "two hexadecimal digits"},
        {" http://a/", "blank"},
        {"http://a/ ", "blank"},
        {"http://a/" + std::string(Url::longest, 'x'), "64 KiB"},
        {"http://a/" + std::string(Url::longest / 2, ' ') + "x", "64 KiB"},
    };
    for (const auto& each : examples) {
        EXPECT_NE(why_refused(each.first).find(each.second), std::string::npos)
            << each.first.substr(0, 40) << ": " << why_refused(each.first).substr(0, 100);
    }
}

TEST(Url, NeverPrintsTheUserItMayHave) {
    const Url url("http://me:p%40ss@a/b", UserInfo::allowed);
    EXPECT_EQ(url.user(), "me");
    EXPECT_EQ(url.password(), "p@ss");
    EXPECT_EQ(url.to_string(), "http://a/b");
    EXPECT_EQ(url.resolve("c").password(), "p@ss");
    EXPECT_EQ(url.resolve("//a/c").password(), "");
    EXPECT_THROW(url.resolve("//me@b/"), std::invalid_argument);
    EXPECT_THROW(Url("http://a%0d%0a@b/", UserInfo::allowed), std::invalid_argument);
}

TEST(Url, ComparesOrigins) {
    EXPECT_TRUE(Url("http://a:80/x").same_origin("http://A/y"));
    EXPECT_FALSE(Url("http://a/").same_origin("https://a/"));
    EXPECT_FALSE(Url("http://a/").same_origin("http://a:81/"));
    EXPECT_FALSE(Url("http://a/").same_origin("http://b.a/"));
    EXPECT_EQ(Url("http://[::1]:81/x").origin(), "http://[::1]:81");
}

TEST(Url, NamesASocketOfTheUnixDomain) {
    const Url url("http+unix://%2Frun%2Fmy.sock/status?x");
    EXPECT_TRUE(url.is_unix());
    EXPECT_EQ(url.host(), "/run/my.sock");
    EXPECT_EQ(url.host_header(), "localhost");
    EXPECT_EQ(url.target(), "/status?x");
    EXPECT_EQ(url.to_string(), "http+unix://%2Frun%2Fmy.sock/status?x");
    EXPECT_EQ(url.resolve("/y").host(), "/run/my.sock");
    EXPECT_EQ(Url("http+unix://%40name/").host(), "@name");
    EXPECT_THROW(Url("http+unix://relative/"), std::invalid_argument);
    EXPECT_THROW(Url("http+unix://%2Fa%00b/"), std::invalid_argument);
}
