// SPDX-License-Identifier: MIT
//
// Sockets with socat and netcat, both ways.

#include <string>
#include <vector>

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

// What it is told comes back. Datagrams have no end, so it is ended.
void expect_echo(const std::vector<std::string>& argv) {
    Peer client(argv, {.in = PIPE, .out = PIPE});
    client->stdin_().send_all("a datagram");
    char buffer[10];
    EXPECT_EQ(client->stdout_().recv_exactly(buffer, 20s), 10u);
    EXPECT_EQ(std::string(buffer, 10), "a datagram");
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
    expect_echo({"socat", "-", "UDP:127.0.0.1:" + port});
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

TENDRIL_TEST(SocketPeers, WeConnectToThemLocally) {
    TENDRIL_NEEDS("nc.openbsd");
    const std::string path = "/tmp/tendril-nc-" + std::to_string(::getpid());
    Peer server({"nc.openbsd", "-v", "-N", "-l", "-U", path}, {.in = PIPE, .out = PIPE, .err = PIPE});
    EXPECT_EQ(Peer::after(server->stderr_(), "Listening on "), path);
    TcpSocket client = connect("unix:" + path, 20s);
    client.send_all("to nc");
    char buffer[100];
    EXPECT_EQ(server->stdout_().recv_exactly({buffer, 5}, 20s), 5u);
    EXPECT_EQ(std::string(buffer, 5), "to nc");
    server->stdin_().send_all("from nc");
    server->stdin_().close();
    EXPECT_EQ(std::string(buffer, client.recv_exactly(buffer, 20s)), "from nc");
    ::unlink(path.c_str());
}

TENDRIL_TEST(SocketPeers, WeSendThemDatagrams) {
    TENDRIL_NEEDS("nc.openbsd");
    Peer server({"nc.openbsd", "-v", "-n", "-u", "-l", "127.0.0.1", "0"}, {.in = PIPE, .out = PIPE, .err = PIPE});
    std::string at = Peer::after(server->stderr_(), "Bound on ");
    UdpSocket client = UdpSocket::connected(at.replace(at.find(' '), 1, ":"));
    client.send("to nc");
    char buffer[100];
    EXPECT_EQ(server->stdout_().recv_exactly({buffer, 5}, 20s), 5u);
    EXPECT_EQ(std::string(buffer, 5), "to nc");
    server->stdin_().send_all("from nc");
    EXPECT_EQ(std::string(buffer, client.recv(buffer, 20s).size), "from nc");
}

TENDRIL_TEST(SocketPeers, UnixDatagramsGoBothWays) {
    TENDRIL_NEEDS("socat");
    const std::string path = "/tmp/tendril-dgram-" + std::to_string(::getpid());
    UdpSocket ours = UdpSocket::bound("unix:" + path);
    char buffer[100];
    Address from;
    {
        Peer server({"socat", "-d", "-d", "UNIX-RECVFROM:" + path + ".s", "EXEC:cat"}, {.err = PIPE});
        Peer::after(server->stderr_(), "receiving on AF=1 ");
        ours.send_to("to socat", Address::parse("unix:" + path + ".s"), 20s);
        EXPECT_EQ(std::string(buffer, ours.recv_from(buffer, from, 20s).size), "to socat");
        EXPECT_EQ(from.path(), path + ".s");
    }
    auto answering = spawn([&] {
        const Datagram d = ours.recv_from(buffer, from, 20s);
        ours.send_to({buffer, d.size}, from, 20s);
    });
    expect_echo({"socat", "-", "UNIX-SENDTO:" + path + ",bind=" + path + ".c"});
    answering.get();
    for (const char* end : {"", ".s", ".c"}) {
        ::unlink((path + end).c_str());
    }
}

}  // namespace
}  // namespace tendril
