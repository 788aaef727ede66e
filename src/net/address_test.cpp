// SPDX-License-Identifier: MIT

#include <tendril/address.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <type_traits>

namespace tendril {
namespace {

std::string error_of(const std::string& text) {
    try {
        return "accepted: " + Address::parse(text).to_string();
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
}

TEST(Address, PrintsWhatItParsed) {
    for (const char* text : {"127.0.0.1:80", "0.0.0.0:0", "[::1]:65535", "[2001:db8::1]:443", "[fe80::1%lo]:80",
                             "unix:/tmp/a.sock", "unix:@abstract"}) {
        EXPECT_EQ(Address::parse(text).to_string(), text);
        EXPECT_EQ(Address::parse(text), Address::parse(text));
    }
    EXPECT_EQ(Address::parse(":8080").to_string(), "0.0.0.0:8080");
    EXPECT_EQ(Address::parse("*:8080").to_string(), "0.0.0.0:8080");
    EXPECT_EQ(Address::parse("[::1]:7").port(), 7);
    EXPECT_EQ(Address::parse("[::1]:7").ip(), "::1");
    EXPECT_EQ(Address::parse("unix:/x").path(), "/x");
    EXPECT_EQ(Address::unix_path("@a").raw_size(), sizeof(sa_family_t) + 2);
    EXPECT_FALSE(Address::parse("127.0.0.1:1") == Address::parse("127.0.0.1:2"));
}

TEST(Address, APortIsNeverCutToFit) {
    EXPECT_EQ(Address::ip("127.0.0.1", 65535).port(), 65535);
    EXPECT_EQ(Address::ip("::1", 80u).port(), 80);
    EXPECT_EQ(Address::ip("127.0.0.1", {}).port(), 0);
    EXPECT_THROW(Address::ip("127.0.0.1", 70000), std::invalid_argument);
    EXPECT_THROW(Address::ip("127.0.0.1", -1), std::invalid_argument);
    EXPECT_THROW(Address::ip("127.0.0.1", 1L << 32), std::invalid_argument);
    try {
        Address::ip("::1", ~0ull);
        FAIL();
    } catch (const std::invalid_argument& e) {
        EXPECT_STREQ(e.what(), "18446744073709551615 is not a port: they go from 0 to 65535");
    }
    static_assert(!std::is_convertible_v<double, Port> && !std::is_convertible_v<bool, Port>);
}

TEST(Address, QuotesNothingThatATerminalObeys) {
    const std::string why = error_of("127.0.0.1\xc2\x9b\xe2\x80\xae:80");
    EXPECT_NE(why.find("\"127.0.0.1\\xc2\\x9b\\xe2\\x80\\xae:80\""), std::string::npos) << why;
}

TEST(Address, RefusesWithAReason) {
    const auto expect = [](const std::string& text, const std::string& reason) {
        EXPECT_NE(error_of(text).find(reason), std::string::npos) << error_of(text);
        EXPECT_NE(error_of(text).find('"'), std::string::npos) << "does not quote the text: " << error_of(text);
    };
    expect("127.0.0.1", "no port");
    expect("127.0.0.1:", "must be a number");
    expect("127.0.0.1:no-such-service", "must be a number or the name of a service");
    expect("127.0.0.1:80x", "must be a number");
    expect("127.0.0.1:-1", "must be a number");
    expect("127.0.0.1:65536", "above 65535");
    expect("127.0.0.1:99999999999999999999", "above 65535");
    expect("::1:80", "needs brackets");
    expect("::1", "needs brackets");
    expect("[::1]", "no port");
    expect("[::1]80", "no port");
    expect(std::string("127.0.0.1\0:80", 13), "zero byte");
    expect("unix:@", "name is empty");
    expect("/tmp/x.sock", "unix:/tmp/x.sock");
    expect("[::1:80", "no ]");
    expect("[127.0.0.1]:80", "brackets are for IPv6");
    expect("example.org:80", "host names are not looked up");
    expect("256.0.0.1:80", "neither IPv4 nor IPv6");
    expect("[fe80::1%nowhere]:80", "no interface called");
    expect("127.0.0.1%lo:80", "neither");
    expect("unix:", "empty");
    expect("unix:" + std::string(200, 'x'), "at most 107");
}

TEST(Address, SplitsHostsFromPorts) {
    EXPECT_EQ(Address::parse("127.0.0.1:https").to_string(), "127.0.0.1:443");
    EXPECT_EQ(Address::parse("[::1]:domain").port(), 53);
    EXPECT_EQ(split_host_port("example.org:http").port, 80);
    const HostPort name = split_host_port("example.org:80");
    EXPECT_EQ(name.host, "example.org");
    EXPECT_EQ(name.port, 80);
    EXPECT_EQ(split_host_port("[::1]:65535").host, "::1");
    for (const char* bad : {"example.org", "example.org:", ":80", "a b:80", "example.org:65536", "::1:80", "a/b:80"}) {
        EXPECT_THROW(split_host_port(bad), std::invalid_argument) << bad;
    }
    EXPECT_EQ(std::hash<Address>()(Address::parse("127.0.0.1:1")), std::hash<Address>()(Address::ip("127.0.0.1", 1)));
    EXPECT_EQ(checked_port(65535L), 65535);
    EXPECT_THROW(checked_port(65536), std::invalid_argument);
    EXPECT_THROW(checked_port(-1), std::invalid_argument);
}

}  // namespace
}  // namespace tendril
