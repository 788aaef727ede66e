// SPDX-License-Identifier: MIT

#include "net/address_counts.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace tendril::detail {
namespace {

bool granted_twice(std::string_view first, std::string_view second) {
    AddressCounts counts;
    const AddressCounts::Place one(counts, Address::ip(first, 1), 1);
    const AddressCounts::Place two(counts, Address::ip(second, 2), 1);
    EXPECT_TRUE(one.granted());
    return two.granted();
}

TEST(AddressCounts, knowsClientsByTheirAddressOrNetwork) {
    EXPECT_FALSE(granted_twice("10.0.0.1", "10.0.0.1"));
    EXPECT_TRUE(granted_twice("10.0.0.1", "10.0.0.2"));
    EXPECT_FALSE(granted_twice("10.0.0.1", "::ffff:10.0.0.1"));
    EXPECT_FALSE(granted_twice("2001:db8::1", "2001:db8::ffff:0:0:2"));
    EXPECT_TRUE(granted_twice("2001:db8::1", "2001:db8:0:1::1"));
}

TEST(AddressCounts, givesPlacesBack) {
    AddressCounts counts;
    const Address client = Address::ip("10.0.0.1", 1);
    {
        const AddressCounts::Place one(counts, client, 2);
        const AddressCounts::Place two(counts, client, 2);
        const AddressCounts::Place three(counts, client, 2);
        EXPECT_TRUE(two.granted());
        EXPECT_FALSE(three.granted());
        const AddressCounts::Place unlimited(counts, client, 0);
        EXPECT_TRUE(unlimited.granted());
    }
    EXPECT_EQ(counts.clients(), 0U);
    const AddressCounts::Place again(counts, client, 1);
    EXPECT_TRUE(again.granted());
    const AddressCounts::Place of_unix(counts, Address::unix_path("/run/x"), 1);
    EXPECT_TRUE(of_unix.granted());
    EXPECT_EQ(counts.clients(), 1U);
}

}  // namespace
}  // namespace tendril::detail
