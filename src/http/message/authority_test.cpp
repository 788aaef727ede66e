// SPDX-License-Identifier: MIT

#include "http/message/authority.hpp"

#include <gtest/gtest.h>

#include <string>

#include <tendril/http/message.hpp>

#include "http/server/request_parser.hpp"

namespace tendril::http::detail {
namespace {

// Returns: "host port", "[host] port" or "refused".
std::string read(std::string_view text) {
    const std::optional<Authority> found = parse_authority(text);
    if (!found.has_value()) {
        return "refused";
    }
    const std::string host(found->host);
    return (found->kind == Authority::Kind::name ? host : "[" + host + "]") +
           (found->port.has_value() ? " " + std::to_string(*found->port) : "");
}

TEST(Authority, IsAHostAndPerhapsAPort) {
    const struct {
        std::string_view text;
        std::string_view read;
    } cases[] = {
        {"", ""},
        {"a", "a"},
        {"A.example.org.", "A.example.org."},
        {"a:", "a"},
        {"a:80", "a 80"},
        {"a:00080", "a 80"},
        {"a:65535", "a 65535"},
        {":80", " 80"},
        {"a_b!$&'()*+,;=~", "a_b!$&'()*+,;=~"},
        {"a%41", "a%41"},
        {"127.0.0.1:1", "127.0.0.1 1"},
        {"[::1]", "[::1]"},
        {"[::1]:", "[::1]"},
        {"[2001:DB8::1:127.0.0.1]:443", "[2001:DB8::1:127.0.0.1] 443"},
        {"[v1.a:b]:1", "[v1.a:b] 1"},
    };
    for (const auto& each : cases) {
        EXPECT_EQ(read(each.text), each.read) << each.text;
    }
}

constexpr std::string_view none[] = {
    "a:80x",      "a:x",       "a:+80",   "a:-1",
    "a: 80",      "a:0",       "a:65536", "a:99999999999999999999",
    "a:80:",      "a:b:c",     "::1",     "[::1",
    "::1]",       "[]",        "[::1]x",  "[::1]80",
    "[::g]",      "[1.2.3.4]", "[a]",     "[::1%lo]",
    "[::1%25lo]", "[v.a]",     "[v1.]",   "[vg.a]",
    "[v1]",       "[::1]:x",   "%zz",     "a%",
    "a%4",        "%",         "a b",     "a/b",
    "a?b",        "a#b",       "me@a",    "me:pw@a",
    "a\\b",       "a<b",       "a\"b",    "a[b]",
    "\xc3\xa9",   "a\x7f",     "[:::1]",  "[1:2:3:4:5:6:7:8:9]",
    "a,b:80:80",
};

TEST(Authority, RefusesWhatIsNone) {
    for (const std::string_view each : none) {
        EXPECT_EQ(read(each), "refused") << each;
    }
    EXPECT_EQ(read(std::string_view("[::1\0]", 6)), "refused");
    EXPECT_EQ(read("[" + std::string(100, ':') + "]"), "refused");
}

int verdict(const std::string& text) {
    RequestParser parser;
    RequestHead head;
    parser.begin({});
    try {
        const std::size_t size = parser.parse(text, head);
        EXPECT_EQ(size, text.size());
        parser.finish(text.data(), head);
        return 200;
    } catch (const ProtocolError& e) {
        return e.status();
    }
}
int with_host(std::string_view host) {
    return verdict("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
}
int with_target(std::string_view method, std::string_view target) {
    return verdict(std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n");
}

// RFC 9112, 3.2; RFC 9110, 4.2.1 and 9.3.6.
TEST(Authority, OfARequestIsValidOrItIsRefused) {
    for (const std::string_view each : none) {
        EXPECT_EQ(with_host(each), 400) << each;
        EXPECT_EQ(with_target("CONNECT", each), 400) << each;
        if (each.find_first_of("/?") == std::string_view::npos) {
            EXPECT_EQ(with_target("GET", "http://" + std::string(each) + "/"), 400) << each;
        }
    }
    for (const char* each : {"a", "a:", "a:80", "a.:080", "[::1]", "[::1]:8080", "[v1.x]", "a%41", ""}) {
        EXPECT_EQ(with_host(each), 200) << each;
    }
    EXPECT_EQ(with_host(":80"), 400);
    EXPECT_EQ(with_host(":"), 400);
    for (const char* each : {"http://:80/", "http://", "https:///x", "http://a:x?y", "http://a:0/", "http://u@a/"}) {
        EXPECT_EQ(with_target("GET", each), 400) << each;
    }
    for (const char* each : {"http://a", "HTTPS://a:/", "http://a:80?x", "http://[::1]:1/x"}) {
        EXPECT_EQ(with_target("GET", each), 200) << each;
    }
    for (const char* each : {"x", "x:", "x:0", "x:abc", ":80", "[::1]", "x:1/", "http://x:1", "x:1?y"}) {
        EXPECT_EQ(with_target("CONNECT", each), 400) << each;
    }
    EXPECT_EQ(with_target("CONNECT", "x:1"), 200);
    EXPECT_EQ(with_target("CONNECT", "[::1]:443"), 200);
}

}  // namespace
}  // namespace tendril::http::detail
