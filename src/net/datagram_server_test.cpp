// SPDX-License-Identifier: MIT

#include <tendril/datagram_server.hpp>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/pool.hpp>
#include <tendril/select.hpp>
#include <tendril/server.hpp>

#include "faults.hpp"
#include "green_test.hpp"
#include "until.hpp"

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
        if (text_of(bytes) == "five") {
            throw 5;
        }
        if (text_of(bytes) == "stop") {
            throw StopServe();
        }
        echo(bytes, from, self);
    });
    auto forever = spawn([&] { server.serve_forever(); });
    UdpSocket client = client_of(server);
    client.send("bad");
    client.send("five");
    EXPECT_EQ(ask(client, "good"), "echo good");
    EXPECT_EQ(testing::take_unhandled().size(), 2u);
    EXPECT_EQ(server.error_log().count(ErrorKind::handler), 2u);
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

// Any router can send these to a socket that is connected or queues errors. They neither end nor delay the server.
TENDRIL_TEST(DatagramServer, TheNetworksAnswersStopNobody) {
    DatagramServer server(UdpSocket::bound("127.0.0.1:0"), echo, {.min_delay = 100s, .max_delay = 100s});
    server.start();
    UdpSocket client = client_of(server);
    for (const int error : {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENONET, ENOPROTOOPT, EOPNOTSUPP, EPROTO,
                            EACCES, EMSGSIZE, ETIMEDOUT}) {
        client.send("x");
        {
            const testing::Faults faults({{.call = sys::Call::recv, .times = 2, .fault = error}});
            wait_readable(client.fd(), 20s);
            EXPECT_EQ(faults.happened(), 2u) << error;
        }
        EXPECT_EQ(receive(client), "echo x") << error;
        EXPECT_TRUE(server.is_running()) << error;
    }
}

TENDRIL_TEST(DatagramServer, HandlersAreMembersOfThePool) {
    Pool pool(2);
    Event go;
    int done = 0;
    DatagramServer server(UdpSocket::bound("127.0.0.1:0"),
                          [&](Bytes, const Address&) {
                              go.wait();
                              ++done;
                          },
                          {.concurrency = 0, .pool = &pool});
    server.start();
    testing::until_waiting_for_io(1);
    EXPECT_EQ(pool.free(), 2) << "no slot is held while no datagram comes";
    UdpSocket client = client_of(server);
    for (int i = 0; i < 3; ++i) {
        client.send("x");
    }
    while (pool.waiting() == 0) {
        yield();
    }
    EXPECT_EQ(server.running(), 2u);
    EXPECT_EQ(pool.size(), 2u);
    auto other = spawn([&] { pool.spawn([&] { done += 10; }); });  // stands in line behind the third datagram
    yield();
    go.set();
    while (done < 13) {
        yield();
    }
    other.get();
    pool.join();
    EXPECT_EQ(server.running(), 0u);
    EXPECT_EQ(server.stop(), 0u);
    EXPECT_EQ(pool.free(), 2);
}

TENDRIL_TEST(DatagramServer, ThePoolsKillEndsHandlersAndAStopEndsTheWaitForASlot) {
    Pool pool(1);
    int begun = 0;
    DatagramServer server(UdpSocket::bound("127.0.0.1:0"),
                          [&](Bytes, const Address&) {
                              ++begun;
                              sleep(1h);
                          },
                          {.pool = &pool});
    server.start();
    UdpSocket client = client_of(server);
    client.send("x");
    while (begun < 1) {
        yield();
    }
    pool.kill();
    EXPECT_EQ(server.running(), 0u);
    EXPECT_TRUE(server.is_running());
    client.send("y");
    client.send("z");
    while (begun < 2 || pool.waiting() == 0) {
        yield();
    }
    EXPECT_EQ(server.stop(1ms), 1u);
    EXPECT_EQ(pool.size(), 0u);
    EXPECT_EQ(pool.waiting(), 0u);
    EXPECT_EQ(pool.free(), 1);
    EXPECT_EQ(begun, 2);
}

TENDRIL_TEST(DatagramServer, PausesAsItIsToldTo) {
    using namespace std::chrono;
    DatagramServer server(UdpSocket::bound("127.0.0.1:0"), echo, {.min_delay = 1us, .max_delay = 2us});
    server.start();
    UdpSocket client = client_of(server);
    client.send("x");
    const testing::Faults faults({{.call = sys::Call::recv, .fd = -1, .times = 50, .fault = ENOMEM}});
    const auto before = steady_clock::now();
    while (faults.happened() < 50) {
        sleep(1us);
    }
    EXPECT_LT(steady_clock::now() - before, 20s) << "50 pauses of the default would take 40 s";
    EXPECT_EQ(receive(client), "echo x");
    for (const auto& [least, most] : {std::pair<Duration, Duration>{0s, 1s}, {2s, 1s}}) {
        EXPECT_THROW(DatagramServer(UdpSocket::bound("127.0.0.1:0"), echo, {.min_delay = least, .max_delay = most}),
                     std::invalid_argument);
    }
}

}  // namespace
}  // namespace tendril
