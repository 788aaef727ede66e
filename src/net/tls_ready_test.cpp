// SPDX-License-Identifier: MIT
//
// TLS sockets and listeners in wait() and iwait(): a socket is ready when recv() would return without waiting.

#include <string>

#include <gtest/gtest.h>

#include <tendril/get_any.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>
#include <tendril/socket.hpp>
#include <tendril/tls.hpp>
#include <tendril/wait.hpp>

#include "certificates.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TlsOptions server_options() {
    return {.server_side = true,
            .certificate = testing::server_identity().certificate,
            .key = testing::server_identity().key};
}

// A client and a server whose bytes pass through the test, which decides what arrives.
struct RelayedPair {
    TlsSocket client;
    TlsSocket server;
    TcpSocket near;  // the client's peer
    TcpSocket far;   // the server's

    RelayedPair() {
        auto [a, b] = TcpSocket::pair();
        auto [c, d] = TcpSocket::pair();
        near = std::move(b);
        far = std::move(c);
        auto up = spawn([this] { copy(near, far); });
        auto down = spawn([this] { copy(far, near); });
        auto serving =
            spawn([this, socket = std::move(d)]() mutable { server = wrap_ssl(std::move(socket), server_options()); });
        client = wrap_ssl(std::move(a), TlsOptions{.ca_file = testing::authority().certificate()},
                          {.server_name = "localhost"});
        serving.get();
        char byte = 0;
        server.send_all("!");  // the session's tickets come with it
        client.recv({&byte, 1});
        up.kill();
        down.kill();
    }
    // Returns the bytes that the server has sent.
    std::string sent() {
        std::string bytes(65536, 0);
        bytes.resize(far.recv(bytes));
        return bytes;
    }

private:
    static void copy(TcpSocket& from, TcpSocket& to) {
        std::string bytes(65536, 0);
        while (const std::size_t n = from.recv(bytes)) {
            to.send_all({bytes.data(), n});
        }
    }
};

// Spawns a waiter for `socket` and for a Queue that stays empty.
Greenlet<bool> waiting_for(const TlsSocket& socket) {
    auto waiter = spawn([&] {
        const Queue<int> never_filled;
        return wait({AnyWaitable(never_filled), AnyWaitable(socket)}, never, 1).front().is(socket);
    });
    yield();
    return waiter;
}

// Lets the hub see the current events and run its callbacks.
void settle() {
    for (int i = 0; i < 5; ++i) {
        sleep(1ms);
    }
}

std::string received(TlsSocket& socket, std::size_t size) {
    std::string got(size, 0);
    got.resize(socket.recv(got));
    return got;
}

TENDRIL_TEST(TlsReady, WhenDataHasCome) {
    RelayedPair pair;
    EXPECT_FALSE(pair.client.ready());
    EXPECT_TRUE(wait({&pair.client}, 0s).empty());
    const auto waiter = waiting_for(pair.client);
    pair.server.send_all("hello");
    pair.near.send_all(pair.sent());
    EXPECT_TRUE(waiter.get());
    EXPECT_TRUE(pair.client.ready());
    EXPECT_EQ(received(pair.client, 2), "he") << "nothing was taken";
    EXPECT_TRUE(pair.client.ready()) << "what is decrypted already counts";
    EXPECT_EQ(wait({&pair.client}).size(), 1u);
    EXPECT_EQ(received(pair.client, 9), "llo");
    EXPECT_FALSE(pair.client.ready());
}

TENDRIL_TEST(TlsReady, NotByHalfARecord) {
    RelayedPair pair;
    const auto waiter = waiting_for(pair.client);
    pair.server.send_all("hello");
    const std::string record = pair.sent();
    pair.near.send_all({record.data(), 3});
    settle();
    EXPECT_FALSE(waiter.ready());
    EXPECT_FALSE(pair.client.ready());
    pair.near.send_all({record.data() + 3, record.size() - 4});
    settle();
    EXPECT_FALSE(waiter.ready());
    pair.near.send_all({record.data() + record.size() - 1, 1});
    EXPECT_TRUE(waiter.get());
    EXPECT_EQ(received(pair.client, 9), "hello") << "nothing was lost";
}

TENDRIL_TEST(TlsReady, LosesNothingOfWhatAReaderWaitsFor) {
    RelayedPair pair;
    pair.server.send_all("hello");
    const std::string record = pair.sent();
    pair.near.send_all({record.data(), 7});
    settle();
    EXPECT_FALSE(pair.client.ready());
    const auto reader = spawn([&] { return received(pair.client, 9); });
    yield();
    EXPECT_FALSE(pair.client.ready()) << "another green thread reads";
    pair.near.send_all({record.data() + 7, record.size() - 7});
    settle();
    static_cast<void>(pair.client.ready());
    EXPECT_EQ(reader.get(), "hello");
}

TENDRIL_TEST(TlsReady, AtTheEnd) {
    RelayedPair pair;
    const auto waiter = waiting_for(pair.client);
    pair.server.shutdown(Shutdown::write);
    pair.near.send_all(pair.sent());
    EXPECT_TRUE(waiter.get());
    pair.client.await_data();  // does not wait, since the end is known
    EXPECT_EQ(received(pair.client, 9), "");
    EXPECT_TRUE(pair.client.ready());
}

TENDRIL_TEST(TlsReady, AtAnErrorWhichTheNextReadThrows) {
    RelayedPair pair;
    const auto waiter = waiting_for(pair.client);
    pair.near.close();
    EXPECT_TRUE(waiter.get());
    pair.client.await_data();
    try {
        received(pair.client, 9);
        FAIL() << "the stream was cut off, and recv() did not say so";
    } catch (const TlsError& e) {
        EXPECT_NE(std::string(e.what()).find("may be cut off"), std::string::npos) << e.what();
    }
    EXPECT_TRUE(pair.client.ready());
}

TENDRIL_TEST(TlsReady, WhenItIsClosedOrShutMeanwhile) {
    RelayedPair pair;
    const auto of_the_shut = waiting_for(pair.client);
    pair.client.shutdown(Shutdown::read);
    EXPECT_TRUE(of_the_shut.get());
    const auto of_the_closed = waiting_for(pair.server);
    pair.server.close();
    EXPECT_TRUE(of_the_closed.get());
    EXPECT_TRUE(pair.server.ready());
}

TENDRIL_TEST(TlsReady, LeavesNothingWhenItsWaiterIsKilled) {
    RelayedPair pair;
    const auto waiter = waiting_for(pair.client);
    pair.server.send_all("hello");
    waiter.kill();
    pair.near.send_all(pair.sent());
    EXPECT_EQ(received(pair.client, 9), "hello");
}

TENDRIL_TEST(TlsReady, AListenerWithAClient) {
    TlsListener listener = wrap_ssl(listen("127.0.0.1:0"), server_options());
    EXPECT_FALSE(listener.ready());
    const auto waiter = spawn([&] { return wait({&listener}).size(); });
    yield();
    const TcpSocket client = connect(listener.address());
    EXPECT_EQ(waiter.get(), 1u);
    TlsSocket accepted = listener.accept();
    EXPECT_FALSE(accepted.ready()) << "nothing has come for the handshake";
}

}  // namespace
}  // namespace tendril
