// SPDX-License-Identifier: MIT

#include "base/host_port.hpp"

#include <gtest/gtest.h>

namespace tendril::detail {
namespace {

using Fault = HostAndPort::Fault;

TEST(HostAndPort, IsTakenApart) {
    const struct {
        std::string_view text;
        std::string_view host;
        bool in_brackets;
        std::optional<std::string_view> port;
    } cases[] = {
        {"", "", false, std::nullopt},
        {"a", "a", false, std::nullopt},
        {"a:", "a", false, ""},
        {"a:80", "a", false, "80"},
        {":80", "", false, "80"},
        {"a:x", "a", false, "x"},
        {"[::1]", "::1", true, std::nullopt},
        {"[::1]:", "::1", true, ""},
        {"[::1]:80", "::1", true, "80"},
        {"[]:1", "", true, "1"},
        {"a]:1", "a]", false, "1"},
        {"[::1]:8:0", "::1", true, "8:0"},
    };
    for (const auto& each : cases) {
        const HostAndPort parts = split_host_and_port(each.text);
        EXPECT_EQ(parts.fault, Fault::none) << each.text;
        EXPECT_EQ(parts.host, each.host) << each.text;
        EXPECT_EQ(parts.in_brackets, each.in_brackets) << each.text;
        EXPECT_EQ(parts.port, each.port) << each.text;
    }
}

TEST(HostAndPort, HasFaults) {
    EXPECT_EQ(split_host_and_port("[::1").fault, Fault::open_bracket);
    EXPECT_EQ(split_host_and_port("[").fault, Fault::open_bracket);
    EXPECT_EQ(split_host_and_port("[::1]80").fault, Fault::behind_bracket);
    EXPECT_EQ(split_host_and_port("[::1]x:80").fault, Fault::behind_bracket);
    EXPECT_EQ(split_host_and_port("::1").fault, Fault::bare_colons);
    EXPECT_EQ(split_host_and_port("a:b:80").fault, Fault::bare_colons);
}

TEST(HostAndPort, APortIsDecimalDigits) {
    EXPECT_EQ(parse_port("0"), 0u);
    EXPECT_EQ(parse_port("00080"), 80u);
    EXPECT_EQ(parse_port("65535"), 65535u);
    for (const char* large : {"65536", "99999999999999999999", "4294967376"}) {
        EXPECT_EQ(parse_port(large), largest_port + 1) << large;
    }
    for (const char* none : {"", "x", "80x", "-1", "+80", " 80", "8 0", "0x50"}) {
        EXPECT_EQ(parse_port(none), std::nullopt) << none;
    }
}

}  // namespace
}  // namespace tendril::detail
