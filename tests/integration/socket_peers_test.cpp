// SPDX-License-Identifier: MIT
//
// Sockets with socat and netcat, both ways.

#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/stream_server.hpp>
#include <tendril/udp_socket.hpp>

#include "green_test.hpp"
#include "peer.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

void echo(TcpSocket& client) {
    char buffer[1000];
    while (const std::size_t n = client.recv(buffer, 20s)) {
        client.send_all({buffer, n}, 20s);
    }
}

TENDRIL_TEST(SocketPeers, TheyConnectToUs) {
    TENDRIL_NEEDS("socat");
    TENDRIL_NEEDS("nc.openbsd");
    StreamServer tcp("127.0.0.1:0", echo);
    tcp.start();
    const std::string port = std::to_string(tcp.address().port());
    EXPECT_EQ(output_of({"socat", "-t5", "-", "TCP:127.0.0.1:" + port}, "by socat\n"), "by socat\n");
    EXPECT_EQ(output_of({"nc.openbsd", "-N", "127.0.0.1", port}, "by nc\n"), "by nc\n");
    const std::string path = "/tmp/tendril-socket-peers-" + std::to_string(::getpid());
    StreamServer local("unix:" + path, echo);
    local.start();
    EXPECT_EQ(output_of({"socat", "-t5", "-", "UNIX-CONNECT:" + path}, "locally\n"), "locally\n");
    EXPECT_EQ(output_of({"nc.openbsd", "-N", "-U", path}, "locally\n"), "locally\n");
    ::unlink(path.c_str());
    StreamServer abstract("unix:@" + path, echo);
    abstract.start();
    EXPECT_EQ(output_of({"socat", "-t5", "-", "ABSTRACT-CONNECT:" + path}, "namelessly\n"), "namelessly\n");
}

TENDRIL_TEST(SocketPeers, TheySendUsDatagrams) {
    TENDRIL_NEEDS("socat");
    UdpSocket server = UdpSocket::bound("127.0.0.1:0");
    auto answering = spawn([&] {
        char buffer[1000];
        Address from;
        const Datagram d = server.recv_from(buffer, from, 20s);
        server.send_to({buffer, d.size}, from);
    });
    const std::string port = std::to_string(server.local_address().port());
    EXPECT_EQ(output_of({"socat", "-t0.2", "-", "UDP:127.0.0.1:" + port}, "a datagram\n"), "a datagram\n");
    answering.get();
}

TENDRIL_TEST(SocketPeers, WeConnectToThem) {
    TENDRIL_NEEDS("socat");
    Peer server({"socat", "-d", "-d", "TCP-LISTEN:0,bind=127.0.0.1", "EXEC:cat"}, {.err = PIPE});
    const std::string at = Peer::after(server->stderr_(), "listening on AF=2 ");
    TcpSocket client = connect(at, 20s);
    client.send_all("hello");
    client.shutdown(Shutdown::write);
    char buffer[100];
    EXPECT_EQ(std::string(buffer, client.recv_exactly(buffer, 20s)), "hello");
}

}  // namespace
}  // namespace tendril
