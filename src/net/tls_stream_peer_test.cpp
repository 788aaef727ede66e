// SPDX-License-Identifier: MIT
//
// TLS over a Stream, and without one, with a peer that means no good.

#include <tendril/tls_stream.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/timeout.hpp>
#include <tendril/tls.hpp>
#include <tendril/tls_machine.hpp>

#include "certificates.hpp"
#include "errno_of.hpp"
#include "green_test.hpp"
#include "raw_tls.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;
using testing::server_identity;

const TlsContext& server_context() {
    static const TlsContext made(
        {.server_side = true, .certificate = server_identity().certificate, .key = server_identity().key});
    return made;
}

std::string received(Stream& from, std::size_t size) {
    std::string text(size, '\0');
    text.resize(from.recv_exactly(text, 20s));
    return text;
}

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t x = 1;
    for (char& c : text) {
        x = x * 1664525 + 1013904223;
        c = static_cast<char>(x >> 24);
    }
    return text;
}

// A socket whose sends and receives the test may replace.
class Scripted final : public Stream {
public:
    explicit Scripted(TcpSocket socket) noexcept : socket_(std::move(socket)) {}
    std::size_t recv(Buffer buffer, Deadline deadline) override {
        return on_recv ? on_recv(buffer) : socket_.recv(buffer, deadline);
    }
    std::size_t send(Bytes bytes, Deadline deadline) override {
        return on_send ? on_send(bytes) : socket_.send(bytes, deadline);
    }
    void await_data(Deadline deadline) override { socket_.await_data(deadline); }
    void shutdown(Shutdown how, Deadline deadline) override { socket_.shutdown(how, deadline); }
    int fd() const noexcept override { return socket_.fd(); }
    void close() noexcept override { socket_.close(); }
    bool is_open() const noexcept override { return socket_.is_open(); }
    TcpSocket& socket() noexcept { return socket_; }

    std::function<std::size_t(Buffer)> on_recv;
    std::function<std::size_t(Bytes)> on_send;

private:
    TcpSocket socket_;
};

// A raw client and our server over a Stream, after the handshake.
struct RawPair {
    std::unique_ptr<testing::RawTlsClient> client;
    std::shared_ptr<Scripted> under;
    TlsStream server;

    RawPair() {
        auto [a, b] = TcpSocket::pair();
        client = std::make_unique<testing::RawTlsClient>(std::move(a), testing::RawTlsClient::Options{});
        under = std::make_shared<Scripted>(std::move(b));
        auto handshake = spawn([&] { client->handshake(); });
        server = wrap_ssl(under, server_context(), {}, 20s);
        handshake.get();
    }

    // Key updates whose answers take more room than there is for output.
    std::string flood() const {
        std::string all;
        for (int i = 0; i < 5200; ++i) {
            all += client->key_update(true);
        }
        return all;
    }
};

std::size_t moved(std::string& from, Buffer to) {
    const std::size_t n = from.copy(reinterpret_cast<char*>(to.data()), to.size());
    from.erase(0, n);
    return n;
}

TENDRIL_TEST(TlsStream, AFloodOfKeyUpdatesStopsNobody) {
    RawPair pair;
    auto flood = spawn([&] {
        for (int i = 0; i < 4000; ++i) {
            pair.client->socket().send_all(pair.client->key_update(false), 20s);
        }
        pair.client->socket().send_all(pair.client->record("x"), 20s);
    });
    int turns = 0;
    auto other = spawn([&] {
        for (;; ++turns) {
            yield();
        }
    });
    char c = 0;
    EXPECT_THROW(pair.server.recv({&c, 1}, 0s), TimeoutError);
    EXPECT_EQ(received(pair.server, 1), "x");
    EXPECT_GE(turns, 4);
    other.kill();
    flood.get();
}

// A peer that asks for answers and takes none: the reader waits, and its deadline ends that.
TENDRIL_TEST(TlsStream, AnswersThatNobodyTakesEndByTheDeadline) {
    RawPair pair;
    auto flood = spawn([&] {
        for (;;) {
            pair.client->socket().send_all(pair.client->key_update(true), 20s);
        }
    });
    char c = 0;
    EXPECT_THROW(pair.server.recv({&c, 1}, 50ms), TimeoutError);
    flood.kill();
}

// The peer has closed only what it reads from. Its requests can then not be answered; what it says is still read.
TENDRIL_TEST(TlsStream, AnswersAreDroppedOnceSendingHasFailed) {
    RawPair pair;
    std::string arriving = pair.flood();
    arriving += pair.client->record("x");
    pair.under->on_recv = [&](Buffer to) { return moved(arriving, to); };
    pair.under->on_send = [](Bytes) -> std::size_t { throw std::system_error(EPIPE, std::generic_category(), "send"); };
    char c = 0;
    EXPECT_EQ(errno_of([&] { pair.server.recv({&c, 1}, 20s); }), EPIPE);
    EXPECT_EQ(received(pair.server, 1), "x");
    EXPECT_EQ(errno_of([&] { pair.server.send_all("y", 20s); }), EPIPE);
}

TENDRIL_TEST(TlsMachine, AnswersThatNobodyTakesAreBounded) {
    auto [a, b] = TcpSocket::pair();
    testing::RawTlsClient client(std::move(a), {});
    TlsMachine server(server_context());
    auto shaking = spawn([&] { client.handshake(); });
    for (char buffer[16 * 1024]; !server.handshake();) {
        b.send_all(server.outgoing(), 20s);
        server.sent(server.outgoing().size());
        const std::size_t n = b.recv(buffer, 20s);
        EXPECT_EQ(server.feed({buffer, n}), n);
    }
    shaking.get();
    char c = 0;
    bool refused = false;
    for (int updates = 0; !refused && updates < 20'000; ++updates) {
        const std::string one = client.key_update(true);
        refused = server.feed(one) < one.size();
        EXPECT_EQ(server.recv({&c, 1}), std::nullopt);
    }
    EXPECT_TRUE(refused) << "it takes no more before its answers have gone";
    EXPECT_LE(server.outgoing().size(), 128u * 1024);
}

TENDRIL_TEST(TlsStream, AKeyUpdateIsAnsweredWhoeverWaits) {
    RawPair pair;
    const std::string text = pattern(1'000'000);
    auto writer = spawn([&] { pair.server.send_all(text, 20s); });
    auto reader = spawn([&] { return received(pair.server, 4); });
    testing::until_waiting_for_io(2);  // the peer has read nothing so far, so the writer waits too
    pair.client->socket().send_all(pair.client->key_update(true));
    pair.client->socket().send_all(pair.client->record("ping"));
    EXPECT_EQ(reader.get(), "ping");
    std::string got;
    while (got.size() < text.size()) {
        got += pair.client->recv(20'000);
    }
    EXPECT_TRUE(got == text);
    writer.get();
    pair.server.send_all("after it", 20s);
    EXPECT_EQ(pair.client->recv(), "after it");
}

TENDRIL_TEST(TlsStreamThreads, AForeignOsThreadIsRefused) {
    RawPair pair;
    auto reader = spawn([&] { return received(pair.server, 1); });
    testing::until_waiting_for_io(1);
    std::thread([&] {
        char c = 0;
        EXPECT_THROW(pair.server.recv({&c, 1}), WrongThread) << "it is no second reader";
        EXPECT_THROW(pair.server.send("x"), WrongThread);
    }).join();
    pair.client->send("!");
    EXPECT_EQ(reader.get(), "!");
}

TENDRIL_TEST(TlsStream, GarbageIsAnErrorOfItsConnection) {
    auto [client, socket] = TcpSocket::pair();
    client.send_all({"\x16\x03\x01\x00\x05?????", 10}, 20s);
    EXPECT_THROW(wrap_ssl(std::make_shared<TcpSocket>(std::move(socket)), server_context(), {}, 20s), TlsError);
    char alert[7] = {};
    EXPECT_EQ(client.recv_exactly(alert, 20s), 7u);
    EXPECT_EQ(alert[0], 21) << "an alert";
}

}  // namespace
}  // namespace tendril
