// SPDX-License-Identifier: MIT

#include "net/address_order.hpp"

#include <cerrno>
#include <string>
#include <vector>

#include "base/sys.hpp"
#include "faults.hpp"
#include "green_test.hpp"

namespace tendril::detail {
namespace {

std::vector<std::string> sorted(const std::vector<std::string>& ips) {
    std::vector<Address> all;
    for (const std::string& each : ips) {
        all.push_back(Address::ip(each, 80));
    }
    sort_by_preference(all);
    std::vector<std::string> result;
    for (const Address& each : all) {
        result.push_back(each.ip());
    }
    return result;
}

using Texts = std::vector<std::string>;

TENDRIL_TEST(AddressOrder, WhatCannotBeReachedComesLast) {
    EXPECT_EQ(source_for(Address::ip("127.0.0.1", 1))->ip(), "127.0.0.1");
    EXPECT_EQ(sorted({"255.255.255.255", "127.0.0.1"}).front(), "127.0.0.1") << "a broadcast is not allowed";
    const testing::Faults faults({{.call = sys::Call::socket, .times = 1000, .fault = EAFNOSUPPORT}});
    EXPECT_EQ(source_for(Address::ip("127.0.0.1", 1)), std::nullopt);
    EXPECT_EQ(sorted({"192.0.2.1", "2001:db8::1", "127.0.0.1"}), (Texts{"2001:db8::1", "127.0.0.1", "192.0.2.1"}))
        << "without sources: by precedence and scope";
}

TENDRIL_TEST(AddressOrder, EqualsKeepTheServersOrder) {
    EXPECT_EQ(sorted({"127.0.0.3", "127.0.0.1", "127.0.0.2"}), (Texts{"127.0.0.3", "127.0.0.1", "127.0.0.2"}));
    if (source_for(Address::ip("::1", 1)).has_value()) {
        EXPECT_EQ(sorted({"127.0.0.1", "::1"}), (Texts{"::1", "127.0.0.1"}));
    }
}

}  // namespace
}  // namespace tendril::detail
