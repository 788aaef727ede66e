// SPDX-License-Identifier: MIT

#include <tendril/udp_socket.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>

#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>

#include "errno_of.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;

TENDRIL_TEST(UdpSocket, CarriesDatagramsWhole) {
    for (const char* at : {"127.0.0.1:0", "[::1]:0"}) {
        UdpSocket server = UdpSocket::bound(at);
        UdpSocket client = UdpSocket::connected(server.local_address());
        auto echo = spawn([&] {
            char buffer[100];
            for (int i = 0; i < 3; ++i) {
                Address from;
                const Datagram d = server.recv_from(buffer, from, 10s);
                server.send_to({buffer, d.size}, from);
            }
        });
        for (const std::string text : {"hello", "", "world"}) {
            client.send(text);
            char buffer[100];
            const Datagram d = client.recv(buffer, 10s);
            EXPECT_EQ(std::string(buffer, d.size), text);
            EXPECT_FALSE(d.truncated);
        }
        echo.get();
        EXPECT_EQ(client.peer_address(), server.local_address());
    }
}

TENDRIL_TEST(UdpSocket, SaysWhatItHadToCutOff) {
    UdpSocket server = UdpSocket::bound("127.0.0.1:0");
    UdpSocket client = UdpSocket::connected(server.local_address());
    client.send("longer than the buffer");
    char buffer[6];
    Address from;
    const Datagram d = server.recv_from(buffer, from, 10s);
    EXPECT_EQ(std::string(buffer, d.size), "longer");
    EXPECT_TRUE(d.truncated);
    EXPECT_EQ(from, client.local_address());
    EXPECT_EQ(server.try_recv_from(buffer, from), std::nullopt);
    EXPECT_EQ(errno_of([&] { client.send(std::string(70'000, 'x')); }), EMSGSIZE);
}

TENDRIL_TEST(UdpSocket, AnErrorOfTheNetworkIsTheNextCallsAndNoMore) {
    UdpSocket other = UdpSocket::bound("127.0.0.1:0");
    const Address nobody = other.local_address();
    other.close();
    UdpSocket client = UdpSocket::connected(nobody);
    client.send("x");
    char buffer[10];
    EXPECT_EQ(errno_of([&] { client.recv(buffer, 10s); }), ECONNREFUSED);
    UdpSocket server = UdpSocket::bound(nobody);
    client.send("y");
    EXPECT_EQ(server.recv(buffer, 10s).size, 1u);
}

TENDRIL_TEST(UdpSocket, WaitsOnlyAsLongAsItMay) {
    UdpSocket socket = UdpSocket::bound("127.0.0.1:0");
    char buffer[10];
    EXPECT_THROW(socket.recv(buffer, 1ms), TimeoutError);
    auto reader = spawn([&] { return errno_of([&] { socket.recv(buffer); }); });
    testing::until_waiting_for_io(1);
    EXPECT_THROW(socket.recv(buffer), ConcurrentUse);
    socket.close();
    EXPECT_EQ(reader.get(), EBADF);
    EXPECT_EQ(errno_of([&] { socket.recv(buffer); }), EBADF);
}

TENDRIL_TEST(UdpSocket, UnixDatagramsWaitForTheirReceiver) {
    const Address name = Address::parse("unix:@tendril-udp-test-" + std::to_string(::getpid()));
    UdpSocket server = UdpSocket::bound(name);
    UdpSocket client = UdpSocket::unbound(AF_UNIX);
    constexpr int count = 2000;  // the queue holds fewer: net.unix.max_dgram_qlen
    auto sender = spawn([&] {
        for (int i = 0; i < count; ++i) {
            client.send_to({&i, sizeof i}, name);
        }
    });
    for (int i = 0; i < count; ++i) {
        int got = -1;
        Address from;
        EXPECT_EQ(server.recv_from({&got, sizeof got}, from, 10s).size, sizeof got);
        EXPECT_EQ(got, i);
    }
    sender.get();
    auto [a, b] = UdpSocket::pair();
    a.send("x");
    char c = 0;
    EXPECT_EQ(b.recv({&c, 1}, 10s).size, 1u);
}

TENDRIL_TEST(UdpSocket, MayGoWhileItsGreenThreadWaits) {
    const Address name = Address::parse("unix:@tendril-udp-going-" + std::to_string(::getpid()));
    UdpSocket server = UdpSocket::bound(name);
    auto client = std::make_unique<UdpSocket>(UdpSocket::unbound(AF_UNIX));
    const auto fill = [&] {
        for (;;) {
            client->send_to("x", name, 0s);
        }
    };
    EXPECT_THROW(fill(), TimeoutError);
    auto sender = spawn([&socket = *client, &name] { return errno_of([&] { socket.send_to("x", name, 20s); }); });
    yield();
    client.reset();
    EXPECT_EQ(sender.get(), EBADF);
}

TENDRIL_TEST(UdpSocket, TakesOverADescriptorAndGivesItBack) {
    Fd fd = UdpSocket::bound("127.0.0.1:0").release();
    UdpSocket again(std::move(fd));
    EXPECT_NE(again.local_address().port(), 0);
    Fd stream(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(errno_of([&] { UdpSocket wrong(std::move(stream)); }), EPROTOTYPE);
}

TENDRIL_TEST(UdpSocket, HearsItsMulticastGroup) {
    const Address group = Address::parse("239.255.77.77:0");
    UdpSocket listener = UdpSocket::bound("0.0.0.0:0");
    UdpSocket sender = UdpSocket::bound("127.0.0.1:0");
    constexpr unsigned loopback = 1;
    listener.join_group(group, loopback);
    sender.set(option::multicast_loop, true);
    sender.set(option::multicast_ttl, 0);
    EXPECT_EQ(sender.get(option::multicast_ttl), 0);
    listener.leave_group(group, loopback);
    EXPECT_EQ(errno_of([&] { listener.leave_group(group, loopback); }), EADDRNOTAVAIL);
    EXPECT_EQ(errno_of([&] { listener.join_group(Address::parse("127.0.0.1:0")); }), EINVAL);
}

}  // namespace
}  // namespace tendril
