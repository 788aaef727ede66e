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

TENDRIL_TEST(UdpSocket, ChangesItsPeer) {
    UdpSocket a = UdpSocket::bound("127.0.0.1:0");
    UdpSocket b = UdpSocket::bound("127.0.0.1:0");
    UdpSocket client = UdpSocket::bound("127.0.0.1:0");
    char buffer[10];
    for (UdpSocket* each : {&a, &b}) {
        client.connect_to(each->local_address());
        EXPECT_EQ(client.peer_address(), each->local_address());
        client.send("x");
        EXPECT_EQ(each->recv(buffer, 10s).size, 1u);
    }
    Address from;
    a.send_to("y", client.local_address());
    EXPECT_EQ(client.try_recv_from(buffer, from), std::nullopt) << "it is connected to b";
    client.connect_to(Address());
    EXPECT_EQ(errno_of([&] { client.peer_address(); }), ENOTCONN);
    client.send_to("z", b.local_address());
    a.send_to("y", client.local_address());
    EXPECT_EQ(client.recv_from(buffer, from, 10s).size, 1u);
    EXPECT_EQ(from, a.local_address());
    EXPECT_NE(errno_of([&] { client.connect_to(Address::parse("unix:@x")); }), 0);
    client.close();
    EXPECT_EQ(errno_of([&] { client.connect_to(from); }), EBADF);
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
    UdpSocket listener = UdpSocket::bound("0.0.0.0:0");
    const Address group = Address::parse("239.255.77.77:" + std::to_string(listener.local_address().port()));
    UdpSocket sender = UdpSocket::bound("127.0.0.1:0");
    constexpr unsigned loopback = 1;
    listener.join_group(group, loopback);
    sender.send_groups_on(loopback);
    sender.set(option::multicast_ttl, 0);
    EXPECT_EQ(sender.get(option::multicast_ttl), 0);
    sender.send_to("to all", group);
    char buffer[100];
    Address from;
    EXPECT_EQ(listener.recv_from(buffer, from, 20s).size, 6u);
    EXPECT_EQ(from, sender.local_address());
    listener.leave_group(group, loopback);
    EXPECT_EQ(errno_of([&] { listener.leave_group(group, loopback); }), EADDRNOTAVAIL);
    EXPECT_EQ(errno_of([&] { listener.join_group(Address::parse("127.0.0.1:0")); }), EINVAL);
    EXPECT_EQ(errno_of([&] { sender.send_groups_on(1'000'000); }), EADDRNOTAVAIL);
    UdpSocket::unbound(AF_INET6).send_groups_on(loopback);
}

TENDRIL_TEST(UdpSocket, OnAllAddressesOfOneFamilyOrBoth) {
    UdpSocket both = UdpSocket::bound("[::]:0");
    const std::string port = std::to_string(both.local_address().port());
    EXPECT_FALSE(both.get(option::v6_only));
    UdpSocket client = UdpSocket::connected("127.0.0.1:" + port);
    client.send("by IPv4");
    char buffer[100];
    EXPECT_EQ(both.recv(buffer, 20s).size, 7u);
    UdpSocket six = UdpSocket::bound("[::]:0", {.v6_only = true});
    UdpSocket four = UdpSocket::bound("0.0.0.0:" + std::to_string(six.local_address().port()));
    EXPECT_TRUE(four.is_open());
}

// On a connected socket poll() checks the receiver's queue, so each place that becomes free causes an event.
TENDRIL_TEST(UdpSocket, AConnectedUnixDatagramSenderWaitsForTheEvent) {
    auto [a, b] = UdpSocket::pair();
    constexpr int count = 3000;
    auto sender = spawn([&a = a] {
        for (int i = 0; i < count; ++i) {
            a.send({&i, sizeof i}, 20s);
        }
    });
    testing::until_waiting_for_io(1);
    for (int i = 0; i < count; ++i) {
        int got = -1;
        ASSERT_EQ(b.recv({&got, sizeof got}, 20s).size, sizeof got);
        ASSERT_EQ(got, i);
    }
    sender.get();
}

}  // namespace
}  // namespace tendril
