// SPDX-License-Identifier: MIT

#include <tendril/network.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace tendril {
namespace {

bool in(const char* network, const char* ip) {
    return Network(network).contains(Address::ip(ip, 80));
}

TEST(Network, ContainsWhatBeginsAlike) {
    EXPECT_TRUE(in("10.0.0.0/8", "10.255.0.1"));
    EXPECT_FALSE(in("10.0.0.0/8", "11.0.0.0"));
    EXPECT_TRUE(in("192.0.2.128/25", "192.0.2.129"));
    EXPECT_FALSE(in("192.0.2.128/25", "192.0.2.127"));
    EXPECT_TRUE(in("192.0.2.1", "192.0.2.1"));
    EXPECT_FALSE(in("192.0.2.1", "192.0.2.2"));
    EXPECT_TRUE(in("2001:db8::/33", "2001:db8:7fff::1"));
    EXPECT_FALSE(in("2001:db8::/33", "2001:db8:8000::1"));
    EXPECT_TRUE(in("0.0.0.0/0", "203.0.113.9"));
    EXPECT_TRUE(in("::/0", "2001:db8::1"));
    EXPECT_FALSE(in("::/0", "203.0.113.9"));
    EXPECT_FALSE(in("0.0.0.0/0", "::1"));
    EXPECT_TRUE(in("fe80::/10", "fe80::1%1")) << "scopes are not compared";
}

// A listener on [::] sees IPv4 clients at such addresses.
TEST(Network, AMappedAddressIsTheIPv4AddressThatItHolds) {
    EXPECT_TRUE(in("10.0.0.0/8", "::ffff:10.1.2.3"));
    EXPECT_FALSE(in("10.0.0.0/8", "::ffff:11.1.2.3"));
    EXPECT_FALSE(in("::/0", "::ffff:10.1.2.3"));
    EXPECT_TRUE(in("::ffff:10.0.0.0/104", "10.1.2.3"));
    EXPECT_TRUE(in("::ffff:10.1.2.3", "10.1.2.3"));
    EXPECT_EQ(Network("::ffff:10.0.0.0/104"), Network("10.0.0.0/8"));
}

TEST(Network, TheUnixDomainIsTrustedOnlyWhenNamed) {
    const Address named = Address::unix_path("/run/x");
    EXPECT_TRUE(Network("unix:").contains(named));
    EXPECT_FALSE(Network("0.0.0.0/0").contains(named));
    EXPECT_FALSE(Network("unix:").contains(Address::ip("127.0.0.1", 80)));
    EXPECT_FALSE(Network("0.0.0.0/0").contains(Address())) << "of no family";
}

TEST(Network, ReadsWhatItPrints) {
    for (const char* text : {"10.0.0.0/8", "192.0.2.1/32", "0.0.0.0/0", "2001:db8::/32", "::1/128", "::/0", "unix:"}) {
        EXPECT_EQ(Network(text).to_string(), text);
    }
    EXPECT_EQ(Network(std::string("::ffff:10.0.0.0/104")).to_string(), "10.0.0.0/8");
}

TEST(Network, RefusesWhatIsNone) {
    for (const char* text :
         {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8 ", "10.0.0.0/8/8", "10.0.0/8",
          "localhost", "::/129", "[::1]", "fe80::1%1", "fe80::1%1/64", "unix:/run/x", "10.0.0.0/999999999999"}) {
        EXPECT_THROW(Network::parse(text), std::invalid_argument) << text;
    }
    EXPECT_THROW(Network::parse(std::string_view("10.0.0.1\0", 9)), std::invalid_argument);
    try {
        Network::parse("10.1.2.3/8");
        ADD_FAILURE() << "it has bits past its prefix";
    } catch (const std::invalid_argument& e) {
        EXPECT_NE(std::string(e.what()).find("10.0.0.0/8"), std::string::npos) << e.what();
    }
}

TEST(Network, AListContainsWhatOneOfItDoes) {
    const std::vector<Network> trusted{"10.0.0.0/8", "::1"};
    EXPECT_TRUE(contains(trusted, Address::ip("::1", 1)));
    EXPECT_TRUE(contains(trusted, Address::ip("10.0.0.9", 1)));
    EXPECT_FALSE(contains(trusted, Address::ip("192.0.2.1", 1)));
    EXPECT_FALSE(contains({}, Address::ip("192.0.2.1", 1)));
}

}  // namespace
}  // namespace tendril
