// SPDX-License-Identifier: MIT

#include <tendril/raw_socket.hpp>

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>

#include <tendril/greenlet.hpp>

#include "errno_of.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

std::string echo_request(std::uint16_t identifier) {
    icmphdr header{};
    header.type = ICMP_ECHO;
    header.un.echo.id = htons(identifier);
    header.un.echo.sequence = htons(1);
    std::string packet(reinterpret_cast<const char*>(&header), sizeof header);
    packet += "odd";
    const std::uint16_t sum = internet_checksum(packet);
    std::memcpy(packet.data() + offsetof(icmphdr, checksum), &sum, sizeof sum);
    return packet;
}

// Nothing, and the reason printed, where the system does not allow such sockets.
template <class Open>
std::optional<RawSocket> opened(Open open) {
    try {
        return open();
    } catch (const std::system_error& e) {
        if (e.code().value() != EPERM && e.code().value() != EACCES) {
            throw;
        }
        std::printf("not run: %s\n", e.what());
        return std::nullopt;
    }
}

TENDRIL_TEST(RawSocket, SumsUpToZero) {
    EXPECT_EQ(internet_checksum(Bytes()), 0xffff);
    EXPECT_EQ(internet_checksum(echo_request(7)), 0);
    const unsigned char example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};  // RFC 1071, 3
    EXPECT_EQ(internet_checksum(Bytes(example, sizeof example)), static_cast<std::uint16_t>(~htons(0xddf2)));
}

TENDRIL_TEST(RawSocket, EchoesOverIcmp) {
    std::optional<RawSocket> socket = opened([] { return open_raw(AF_INET, IPPROTO_ICMP); });
    if (!socket.has_value()) {
        return;
    }
    const auto identifier = static_cast<std::uint16_t>(::getpid());
    socket->send_to(echo_request(identifier), Address::ip("127.0.0.1", 0), 20s);
    char buffer[200];
    for (;;) {  // its own request comes too, and other programs' packets
        Address from;
        const Datagram d = socket->recv_from(buffer, from, 20s);
        iphdr ip{};
        icmphdr icmp{};
        ASSERT_GE(d.size, sizeof ip + sizeof icmp);
        std::memcpy(&ip, buffer, sizeof ip);
        std::memcpy(&icmp, buffer + ip.ihl * 4, sizeof icmp);
        if (icmp.type == ICMP_ECHOREPLY && icmp.un.echo.id == htons(identifier)) {
            EXPECT_EQ(from.ip(), "127.0.0.1");
            EXPECT_EQ(d.size, ip.ihl * 4 + sizeof icmp + 3);
            break;
        }
    }
    EXPECT_EQ(socket->get(option::protocol), IPPROTO_ICMP);
    RawSocket again(socket->release());
    EXPECT_TRUE(again.is_open());
}

TENDRIL_TEST(RawSocket, WaitsAsEveryDatagramSocket) {
    constexpr int unused = 253;  // RFC 3692: for experiments, so no packet comes
    std::optional<RawSocket> socket = opened([] { return open_raw(AF_INET, unused); });
    if (!socket.has_value()) {
        return;
    }
    char buffer[10];
    EXPECT_THROW(socket->recv(buffer, 1ms), TimeoutError);
    auto killed = spawn([&] { socket->recv(buffer); });
    testing::until_waiting_for_io(1);
    killed.kill();
    auto closed = spawn([&] { return testing::errno_of([&] { socket->recv(buffer); }); });
    testing::until_waiting_for_io(1);
    socket->close();
    EXPECT_EQ(closed.get(), EBADF);
}

TENDRIL_TEST(RawSocket, PingNeedsNoPrivilege) {
    std::optional<RawSocket> socket = opened([] { return open_ping(AF_INET); });
    if (!socket.has_value()) {
        return;
    }
    socket->send_to(echo_request(0), Address::ip("127.0.0.1", 0), 20s);
    char buffer[200];
    const Datagram d = socket->recv(buffer, 20s);
    icmphdr icmp{};
    ASSERT_EQ(d.size, sizeof icmp + 3);
    std::memcpy(&icmp, buffer, sizeof icmp);
    EXPECT_EQ(icmp.type, ICMP_ECHOREPLY);
    EXPECT_EQ(ntohs(icmp.un.echo.id), socket->local_address().port());
}

TENDRIL_TEST(RawSocket, SaysWhatTheSystemRefuses) {
    EXPECT_NE(testing::errno_of([] { open_raw(AF_INET, 99999); }), 0);
    EXPECT_EQ(testing::errno_of([] { open_raw(-1, 0); }), EAFNOSUPPORT);
}

}  // namespace
}  // namespace tendril
