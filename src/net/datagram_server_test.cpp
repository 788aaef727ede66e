// SPDX-License-Identifier: MIT

#include <tendril/datagram_server.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/select.hpp>
#include <tendril/server.hpp>

#include "faults.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

std::string text_of(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string receive(UdpSocket& client) {
    char buffer[100];
    return std::string(buffer, client.recv(buffer, 20s).size);
}

std::string ask(UdpSocket& client, const std::string& text) {
    client.send(text);
    return receive(client);
}

UdpSocket client_of(const DatagramServer& server) {
    return UdpSocket::connected(server.address());
}

void echo(Bytes bytes, const Address& from, DatagramServer& server) {
    server.send_to("echo " + text_of(bytes), from);
}

TENDRIL_TEST(DatagramServer, AnswersEachDatagram) {
    DatagramServer server(UdpSocket::bound("127.0.0.1:0"), echo);
    server.start();
    UdpSocket a = client_of(server);
    UdpSocket b = client_of(server);
    EXPECT_EQ(ask(a, "one"), "echo one");
    EXPECT_EQ(ask(b, "two"), "echo two");
    EXPECT_EQ(ask(a, ""), "echo ");
    EXPECT_EQ(server.stop(), 0u);
    EXPECT_EQ(server.stop(), 0u);
    EXPECT_FALSE(server.is_running());
    EXPECT_THROW(server.start(), std::logic_error);
}

TENDRIL_TEST(DatagramServer, HoldsItsConcurrencyAndKillsWhatIsLeft) {
    int at_once = 0;
    DatagramServer server(UdpSocket::bound("127.0.0.1:0"),
                          [&](Bytes, const Address&) {
                              ++at_once;
                              sleep(1h);
                          },
                          {.concurrency = 2});
    server.start();
    UdpSocket client = client_of(server);
    for (int i = 0; i < 5; ++i) {
        client.send("x");
    }
    while (at_once < 2) {
        yield();
    }
    EXPECT_EQ(server.running(), 2u);
    EXPECT_EQ(server.stop(1ms), 2u);
    EXPECT_EQ(at_once, 2);
}

TENDRIL_TEST(DatagramServer, AHandlersErrorIsItsOwnAndStopServeEndsAll) {
    DatagramServer server(UdpSocket::bound("127.0.0.1:0"), [](Bytes bytes, const Address& from, DatagramServer& self) {
        if (text_of(bytes) == "bad") {
            throw std::runtime_error("a bad datagram");
        }
        if (text_of(bytes) == "stop") {
            throw StopServe();
        }
        echo(bytes, from, self);
    });
    auto forever = spawn([&] { server.serve_forever(); });
    UdpSocket client = client_of(server);
    client.send("bad");
    EXPECT_EQ(ask(client, "good"), "echo good");
    EXPECT_EQ(testing::take_unhandled().size(), 1u);
    client.send("stop");
    forever.get();
    EXPECT_FALSE(server.is_running());
}

TENDRIL_TEST(DatagramServer, ManyAnswerAtTheSameTime) {
    DatagramServer server(UdpSocket::bound("127.0.0.1:0"), echo);
    server.start();
    std::vector<Greenlet<void>> clients;
    for (int i = 0; i < 50; ++i) {
        clients.push_back(spawn([&, i] {
            UdpSocket client = client_of(server);
            EXPECT_EQ(ask(client, std::to_string(i)), "echo " + std::to_string(i));
        }));
    }
    join_all(clients, {.raise_error = true});
}

TENDRIL_TEST(DatagramServer, SurvivesScarcityAndSaysWhatBrokeIt) {
    DatagramServer server(UdpSocket::bound("127.0.0.1:0"), echo);
    server.start();
    UdpSocket client = client_of(server);
    client.send("x");
    {
        const testing::Faults faults(
            {{.call = sys::Call::recv, .fault = ENOMEM}, {.call = sys::Call::recv, .fault = EINTR}});
        wait_readable(client.fd(), 20s);  // reads nothing, so that only the server's calls fail
        EXPECT_EQ(faults.happened(), 2u);
    }
    EXPECT_EQ(receive(client), "echo x");
    server.stop();
    DatagramServer other(UdpSocket::bound("127.0.0.1:0"), echo);
    const testing::Faults faults({{.call = sys::Call::recv, .fault = EIO}});
    EXPECT_THROW(other.serve_forever(), std::system_error);
    EXPECT_THROW(DatagramServer(UdpSocket::bound("127.0.0.1:0"), echo, {.concurrency = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace tendril
