// SPDX-License-Identifier: MIT
//
// Options of struct and text types, and those that are set before a socket is bound or connected.

#include <tendril/socket_options.hpp>

#include <linux/filter.h>
#include <netinet/in.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>

#include <tendril/seqpacket_socket.hpp>
#include <tendril/server.hpp>
#include <tendril/socket.hpp>
#include <tendril/udp_socket.hpp>

#include "errno_of.hpp"
#include "faults.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;

TENDRIL_TEST(SocketSettings, TextAndStructOptions) {
    Listener listener = listen("127.0.0.1:0");
    TcpSocket client = connect(listener.address());
    TcpSocket server = listener.accept();
    client.set(option::congestion, "reno");
    EXPECT_EQ(client.get(option::congestion), "reno");
    EXPECT_EQ(errno_of([&] { client.set(option::congestion, "no such thing"); }), ENOENT);
    EXPECT_THROW(client.set(option::congestion, std::string("re\0no", 5)), std::invalid_argument);
    EXPECT_EQ(errno_of([&] { client.set(option::bind_to_device, "no-such-dev"); }), ENODEV);
    EXPECT_EQ(client.get(option::bind_to_device), "");
    EXPECT_EQ(client.get(option::family), AF_INET);
    EXPECT_NE(client.get(option::cookie), server.get(option::cookie));
    const SocketOption<::linger> raw_linger{SOL_SOCKET, SO_LINGER, "raw linger"};
    client.set(raw_linger, ::linger{1, 7});
    EXPECT_EQ(client.get(option::linger), 7s);
    EXPECT_EQ(client.get(raw_linger).l_linger, 7);
    sock_filter drop_all[] = {{BPF_RET | BPF_K, 0, 0, 0}};
    UdpSocket deaf = UdpSocket::bound("127.0.0.1:0");
    deaf.set(SocketOption<sock_fprog>{SOL_SOCKET, SO_ATTACH_FILTER, "filter"}, sock_fprog{1, drop_all});
    UdpSocket::connected(deaf.local_address()).send("x");
    char c = 0;
    Address from;
    EXPECT_EQ(deaf.try_recv_from({&c, 1}, from), std::nullopt);
    EXPECT_THROW(client.set(option::local_ports, std::int64_t{1} << 40), std::invalid_argument);
}

TENDRIL_TEST(SocketSettings, TellsHowAConnectionFares) {
    Listener listener = listen("127.0.0.1:0");
    TcpSocket client = connect(listener.address());
    TcpSocket server = listener.accept();
    client.send_all(std::string(1000, 'x'));
    std::string got(1000, '\0');
    server.recv_exactly(got, 20s);
    const TcpInfo sent = client.get(option::tcp_info);
    EXPECT_EQ(sent.state, TcpState::established);
    EXPECT_GE(sent.bytes_sent, 1000u);
    EXPECT_GT(sent.segment_size, 0u);
    EXPECT_GT(sent.congestion_window, 0u);
    EXPECT_GT(sent.round_trip, 0us);
    EXPECT_EQ(server.get(option::tcp_info).bytes_received, 1000u);
    EXPECT_NE(errno_of([] { UdpSocket::unbound(AF_INET).get(option::tcp_info); }), 0);
    client.close();
    EXPECT_EQ(errno_of([&] { client.get(option::tcp_info); }), EBADF);
}

TENDRIL_TEST(SocketSettings, ComeBeforeTheConnect) {
    Listener listener = listen("0.0.0.0:0");
    const Address to = Address::ip("127.0.0.1", listener.address().port());
    TcpSocket client = connect(to,
                               {.bind = Address::parse("127.0.0.3:0"),
                                .settings = {{option::bind_address_no_port, true},
                                             {option::bind_to_device, "lo"},
                                             {option::tos, 16},
                                             {option::linger, 3s}}},
                               20s);
    EXPECT_EQ(client.local_address().ip(), "127.0.0.3");
    EXPECT_EQ(client.get(option::bind_to_device), "lo");
    EXPECT_EQ(client.get(option::tos), 16);
    EXPECT_EQ(client.get(option::linger), 3s);
    EXPECT_EQ(connect("localhost", to.port(), {.settings = {{option::tos, 8}}}, 20s).get(option::tos), 8);
    const std::uint32_t range = 40'000 | 40'010 << 16;
    if (errno_of([&] { UdpSocket::unbound(AF_INET).set(option::local_ports, range); }) != ENOPROTOOPT) {  // Linux 6.3
        const std::uint16_t port =
            connect(to, {.settings = {{option::local_ports, range}}}, 20s).local_address().port();
        EXPECT_GE(port, 40'000);
        EXPECT_LE(port, 40'010);
    }
    // They are set in their order, and their errors are told by name.
    try {
        connect(to, {.settings = {{option::congestion, "bogus"}}});
        ADD_FAILURE() << "there is no such algorithm";
    } catch (const std::system_error& e) {
        EXPECT_NE(std::string(e.what()).find("set option congestion"), std::string::npos);
    }
    if (::geteuid() == 0) {
        EXPECT_EQ(connect(to, {.settings = {{option::mark, 7}}}, 20s).get(option::mark), 7);
    }
    EXPECT_EQ(errno_of([&] { connect(to, {.settings = {{option::hop_limit, 7}}}); }), ENOPROTOOPT);
}

TENDRIL_TEST(SocketSettings, ComeBeforeTheBind) {
    const Address foreign = Address::parse("192.0.2.33:0");  // TEST-NET-1: no machine has it
    EXPECT_EQ(errno_of([&] { listen(foreign); }), EADDRNOTAVAIL);
    EXPECT_EQ(listen(foreign, {.settings = {{option::free_bind, true}}}).address().ip(), "192.0.2.33");
    const UdpSocket early = UdpSocket::bound(foreign, {.settings = {{option::free_bind, true}}});
    EXPECT_TRUE(early.get(option::free_bind));
    const UdpSocket v6 = UdpSocket::bound("[2001:db8::1]:0", {.settings = {{option::free_bind, true}}});
    EXPECT_TRUE(v6.get(option::free_bind));
    EXPECT_EQ(
        UdpSocket::connected(Address::parse("127.0.0.1:9"), {}, {.settings = {{option::ttl, 9}}}).get(option::ttl), 9);
    EXPECT_EQ(errno_of([] {
                  SeqpacketListener::bound("unix:@never-" + std::to_string(::getpid()),
                                           {.settings = {{option::free_bind, true}}});
              }),
              ENOPROTOOPT);
    const testing::Faults faults({{.call = sys::Call::setsockopt, .skip = 3, .fault = EPERM}});
    EXPECT_EQ(errno_of([] { listen("127.0.0.1:0", {.settings = {{option::mark, 7}}}); }), EPERM);
}

// With reuse_port every hub has a listener of its own; they are made as the first one was.
TENDRIL_TEST(SocketSettingsThreads, HoldForTheListenersOfOtherHubs) {
    Listener listener = listen("192.0.2.33:0", {.reuse_port = true, .settings = {{option::free_bind, true}}});
    std::stop_source stop;
    stop.request_stop();
    serve(listener, [](TcpSocket&) {}, {.hubs = 2, .stop = stop.get_token()});
    EXPECT_TRUE(listener.is_open());
}

}  // namespace
}  // namespace tendril
