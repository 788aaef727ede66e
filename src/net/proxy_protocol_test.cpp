// SPDX-License-Identifier: MIT

#include <tendril/proxy_protocol.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <stdexcept>
#include <string>

#include "errno_of.hpp"

namespace tendril {
namespace {

using namespace std::string_literals;
using testing::errno_of;

std::string signature() {
    return "\r\n\r\n\0\r\nQUIT\n"s;
}

TEST(ProxyProtocol, AnExtraIsNeverCutToFit) {
    ProxyHeader header{2, {}, {}, {{0x20, std::string(65536, 'x')}}};
    EXPECT_THROW(make_proxy_header(header), std::invalid_argument);
}

TEST(ProxyProtocol, SaysWhatItReads) {
    const auto address = [](const char* text) { return Address::parse(text); };
    const ProxyHeader headers[] = {
        {1, address("192.0.2.1:1"), address("192.0.2.2:65535"), {}},
        {1, address("[2001:db8::1]:1"), address("[::1]:80"), {}},
        {1, {}, {}, {}},
        {2, address("192.0.2.1:1"), address("192.0.2.2:65535"), {{2, "example.org"}, {0x20, "\1\2\3"s}}},
        {2, address("[2001:db8::1]:1"), address("[::1]:80"), {}},
        {2, address("unix:/a"), address("unix:@b"), {}},
        {2, {}, {}, {}},
    };
    for (const ProxyHeader& header : headers) {
        const std::string text = make_proxy_header(header);
        ProxyHeader read;
        for (std::size_t n = 0; n < text.size(); ++n) {
            EXPECT_EQ(parse_proxy_header({text.data(), n}, read), std::nullopt) << "of " << n << " bytes";
        }
        EXPECT_EQ(parse_proxy_header(text + "rest", read), text.size());
        EXPECT_EQ(read.version, header.version);
        EXPECT_EQ(read.source, header.source);
        EXPECT_EQ(read.destination, header.destination);
        EXPECT_EQ(read.extras, header.extras);
    }
    EXPECT_EQ(make_proxy_header(headers[0]), "PROXY TCP4 192.0.2.1 192.0.2.2 1 65535\r\n");
}

TEST(ProxyProtocol, RefusesWhatIsNone) {
    const std::string bad[] = {
        "GET / HTTP/1.1\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 02\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
        "PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
        "PROXY UNKNOWN " + std::string(100, 'x') + "\r\n",
        "PROXY \n",
        signature() + "\x31\x11\0\0"s,
        signature() + "\x22\x11\0\0"s,
        signature() + "\x21\x41\0\0"s,
        signature() + "\x21\x11\0\x0b"s + std::string(11, 'a'),
        signature() + "\x21\x21\0\x10"s + std::string(16, 'a'),
        signature() + "\x21\x11\0\x0e"s + std::string(14, '\0'),
        signature() + "\x21\x11\0\x0f"s + std::string(12, '\0') + "\1\0\1"s,
        signature() + "\x21\x11\x10\0"s,
    };
    for (const std::string& text : bad) {
        ProxyHeader header;
        EXPECT_EQ(errno_of([&] { parse_proxy_header(text, header); }), EPROTO) << text;
    }
    EXPECT_THROW(make_proxy_header({1, Address::parse("unix:/a"), Address::parse("unix:/b"), {}}),
                 std::invalid_argument);
    EXPECT_THROW(make_proxy_header({2, Address::parse("unix:/a"), Address::parse(":1"), {}}), std::invalid_argument);
}

TEST(ProxyProtocol, AProxysOwnConnectionHasNoClient) {
    ProxyHeader header;
    const std::string local = signature() + "\x20\x11\0\x03"s + "abc";
    EXPECT_EQ(parse_proxy_header(local, header), local.size());
    EXPECT_EQ(header.source, std::nullopt);
}

}  // namespace
}  // namespace tendril
