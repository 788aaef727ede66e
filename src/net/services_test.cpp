// SPDX-License-Identifier: MIT

#include <tendril/services.hpp>

#include <gtest/gtest.h>

#include <string>

namespace tendril {
namespace {

TEST(Services, NamesAndPorts) {
    EXPECT_EQ(service_port("http"), 80);
    EXPECT_EQ(service_port("https", Transport::tcp), 443);
    EXPECT_EQ(service_port("domain", Transport::udp), 53);
    EXPECT_EQ(service_port("tftp"), 69) << "UDP's, since TCP has no such name";
    EXPECT_EQ(service_port("tftp", Transport::tcp), std::nullopt);
    EXPECT_EQ(service_name(53, Transport::udp), "domain");
    EXPECT_EQ(service_name(22), "ssh");
    EXPECT_EQ(service_name(69, Transport::tcp), std::nullopt);
    EXPECT_EQ(service_name(69), "tftp");
}

TEST(Services, WhatIsNone) {
    for (const std::string& bad :
         {std::string(), std::string("no such"), std::string("http\0", 5), std::string(1000, 'x'), std::string("80")}) {
        EXPECT_EQ(service_port(bad), std::nullopt) << bad;
    }
    EXPECT_EQ(service_name(65500), std::nullopt);
    EXPECT_EQ(service_name(0), std::nullopt);
}

}  // namespace
}  // namespace tendril
