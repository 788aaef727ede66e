// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md section 3.I, rows TI13 and TI15 to TI17 for TLS, and TJ05; and peers that mean no good:
// what they do is their connection's end, and nobody else's.

#include <sys/socket.h>

#include <chrono>
#include <string>

#include <tendril/buffered.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/hub.hpp>
#include <tendril/server.hpp>
#include <tendril/timeout.hpp>
#include <tendril/tls.hpp>

#include "certificates.hpp"
#include "errno_of.hpp"
#include "faults.hpp"
#include "green_test.hpp"
#include "raw_tls.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::authority;
using testing::count_calls;
using testing::errno_of;
using testing::RawTlsClient;
using testing::server_identity;

const TlsContext& server_context() {
    static const TlsContext made(
        {.server_side = true, .certificate = server_identity().certificate, .key = server_identity().key});
    return made;
}

const TlsContext& client_context() {
    static const TlsContext made({.ca_file = authority().certificate()});
    return made;
}

TlsSocket connect_to(const Address& address) {
    return wrap_ssl(connect(address, 20s), client_context(), {.server_name = "localhost"}, 20s);
}

struct Pair {
    TlsSocket client, server;

    Pair() {
        TlsListener listener = wrap_ssl(listen("127.0.0.1:0"), server_context());
        auto connecting = spawn([&] { client = connect_to(listener.address()); });
        server = listener.accept(20s);
        server.handshake(20s);
        connecting.get();
    }
};

std::string received(Source& from, std::size_t size) {
    std::string text(size, '\0');
    text.resize(from.recv_exactly(text, 20s));
    return text;
}

// Serves until its end, which expects that a given number of connections ended with an error.
class EchoServer {
public:
    explicit EchoServer(const StreamServerOptions& options = {})
        : listener_(wrap_ssl(listen("127.0.0.1:0"), server_context())), serving_(spawn([this, options] {
              serve(
                  listener_,
                  [](TlsSocket& client) {
                      char buffer[1000];
                      while (const std::size_t n = client.recv(buffer, 20s)) {
                          client.send_all({buffer, n}, 20s);
                      }
                  },
                  options);
          })) {}
    EchoServer(const EchoServer&) = delete;
    EchoServer& operator=(const EchoServer&) = delete;
    ~EchoServer() { serving_.kill(); }

    Address address() const { return listener_.address(); }
    TcpSocket plain() const { return connect(address(), 20s); }

    void expect_service() const {
        TlsSocket client = connect_to(address());
        client.send_all("hello", 20s);
        EXPECT_EQ(received(client, 5), "hello");
        client.shutdown(Shutdown::write);
        EXPECT_EQ(received(client, 1), "");
    }

private:
    TlsListener listener_;
    Greenlet<void> serving_;
};

// Until the server has ended this connection.
void expect_ended(TcpSocket& client) {
    char buffer[1000];
    try {
        while (client.recv(buffer, 20s) > 0) {
        }
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code().value(), ECONNRESET) << e.what();
    }
}

// TI13
TENDRIL_TEST(TlsConformance, AStreamReadToTheServersClose) {
    Pair pair;
    auto server = spawn([socket = std::move(pair.server)]() mutable {
        BufferedWriter out(socket);
        out.send_all("one\ntwo\n");
        out.flush();
    });  // the socket ends with it
    BufferedReader in(pair.client);
    EXPECT_EQ(in.read_line(20s), "one");
    EXPECT_EQ(in.read_line(20s), "two");
    EXPECT_EQ(in.read_line(20s), std::nullopt);
    server.get();
}

// TI15
TENDRIL_TEST(TlsConformance, DecryptedDataDoesNotWaitForTheSocket) {
    Pair pair;
    pair.server.send_all("a record");
    pair.server.send_all("another");
    char c = 0;
    EXPECT_EQ(pair.client.recv({&c, 1}, 20s), 1u);
    EXPECT_GE(pair.client.pending(), 7u);
    EXPECT_EQ(count_calls(sys::Call::recv, [&] { EXPECT_EQ(received(pair.client, 7), " record"); }), 0u);
    EXPECT_EQ(received(pair.client, 7), "another") << "read ahead with the first, or not";
    EXPECT_EQ(pair.client.pending(), 0u);
    pair.server.send_all("the last");
    pair.server.close();
    EXPECT_EQ(pair.client.recv({&c, 1}, 20s), 1u);
    EXPECT_EQ(received(pair.client, 100), "he last") << "also when the end has come";
}

// TI16
TENDRIL_TEST(TlsConformance, SilentClientsStopNobody) {
    {
        EchoServer server;
        std::vector<TcpSocket> silent;
        for (int i = 0; i < 20; ++i) {
            silent.push_back(server.plain());
        }
        server.expect_service();
        TcpSocket talks = server.plain();
        RawTlsClient half(std::move(talks), {});
        half.socket().send_all(half.hello().substr(0, 100));
        server.expect_service();
        silent.clear();
    }
    testing::take_unhandled();  // a peer that ends without close_notify is reported, if the server was still there
}

// TI17
TENDRIL_TEST(TlsConformance, ABlockedSendDoesNothing) {
    Pair pair;
    const std::string text(20'000'000, 'x');
    auto sender = spawn([&] { pair.client.send_all(text, 60s); });
    testing::until_waiting_for_io(1);
    for (int i = 0; i < 100 && count_calls(sys::Call::send, [] { sleep(1ms); }) > 0; ++i) {
    }  // the kernel makes room until the other side's buffer is full too
    EXPECT_EQ(count_calls(sys::Call::send, [] { sleep(30ms); }), 0u);
    EXPECT_LT(count_calls(testing::any_call, [] { sleep(30ms); }), 20u);
    EXPECT_EQ(received(pair.server, text.size()).size(), text.size());
    sender.get();
}

// TI17
TENDRIL_TEST(TlsConformance, UnwrapReturnsToPlainBytes) {
    Pair pair;
    pair.client.send_all("secret");
    EXPECT_EQ(received(pair.server, 6), "secret");
    TcpSocket client;
    TcpSocket server;
    auto other = spawn([&] {
        server = pair.server.unwrap(20s);
        server.send_all("plain, at once");
    });
    client = pair.client.unwrap(20s);
    EXPECT_EQ(received(client, 14), "plain, at once");
    other.get();
    client.send_all("plain too");
    EXPECT_EQ(received(server, 9), "plain too");
    EXPECT_FALSE(pair.client.is_open());
    EXPECT_EQ(errno_of([&] { pair.client.send_all("x"); }), EBADF);
}

// One side read the other's last word as the end of the stream, and unwraps then.
TENDRIL_TEST(TlsConformance, UnwrapAfterTheEndWasRead) {
    Pair pair;
    auto first = spawn([&] {
        TcpSocket plain = pair.client.unwrap(20s);
        plain.send_all("after TLS");
    });
    EXPECT_EQ(received(pair.server, 10), "");
    TcpSocket plain = pair.server.unwrap(20s);
    EXPECT_EQ(received(plain, 9), "after TLS");
    first.get();
}

TENDRIL_TEST(TlsConformance, UnwrapLosesNoData) {
    Pair pair;
    pair.server.send_all("unread");
    EXPECT_THROW(pair.client.unwrap(20s), TlsError);
    Pair silent;
    EXPECT_THROW(silent.client.unwrap(5ms), TimeoutError);
}

// TJ05
TENDRIL_TEST(TlsConformance, AFailedHandshakeIsThatConnectionsOnly) {
    const std::string hostile[] = {
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        std::string("\x16\x03\x01\xff\xff", 5) + std::string(70'000, 'x'),  // a record of 64 KiB
        std::string("\x16\x03\x01\x00\x04\x01\xff\xff\xff", 9),             // a hello of 16 MiB
        std::string("\x80\x2e\x01\x03\x01", 5) + std::string(100, '\0'),    // SSL 2
        std::string("\x17\x03\x03\x00\x05hello", 10),                       // data before the handshake
        std::string("\x15\x03\x01\x00\x02\x02\x28", 7),                     // an alert
        std::string(),                                                      // nothing, and the end
    };
    EchoServer server({.handshake_timeout = 20s});
    for (const std::string& bytes : hostile) {
        TcpSocket client = server.plain();
        try {
            client.send_all(bytes, 20s);
            client.shutdown(Shutdown::write);
        } catch (const std::system_error&) {  // the server had enough
        }
        expect_ended(client);
        server.expect_service();
    }
    EXPECT_EQ(testing::take_unhandled().size(), std::size(hostile)) << "each is reported";
    {
        RawTlsClient reset(server.plain(), {});
        reset.socket().send_all(reset.hello());
        reset.socket().set(option::linger, 0s);
    }
    server.expect_service();
    while (testing::take_unhandled().empty()) {
        yield();
    }
}

// A handshake that comes byte by byte is made; one that takes too long is ended, though bytes come.
TENDRIL_TEST(TlsConformance, ADribblingClientIsServedWithinItsTime) {
    {
        EchoServer server;
        RawTlsClient slow(server.plain(), {});
        for (const char byte : slow.hello()) {
            slow.socket().send_all({&byte, 1});
            testing::until_waiting_for_io(2);  // the server has read it: it and its listener wait
        }
        slow.handshake();
        for (const char byte : slow.record("ping")) {
            slow.socket().send_all({&byte, 1});
            testing::until_waiting_for_io(2);
        }
        EXPECT_EQ(slow.recv(), "ping");
    }
    testing::take_unhandled();
    EchoServer strict({.handshake_timeout = 30ms});
    RawTlsClient slow(strict.plain(), {});
    const std::string hello = slow.hello();
    auto dribble = spawn([&] {
        try {
            for (std::size_t i = 0; i < hello.size() - 1; ++i) {
                slow.socket().send_all({&hello[i], 1});
                sleep(1ms);
            }
            ADD_FAILURE() << "it had all the time it wanted";
        } catch (const std::system_error&) {  // ended, as it must be
        }
    });
    expect_ended(slow.socket());
    slow.socket().close();
    dribble.join();
    EXPECT_EQ(testing::take_unhandled().size(), 1u);
}

// Every point at which a handshake, a transfer or an end can be broken off, by an outer timeout and by a kill.
TENDRIL_TEST(TlsConformance, EveryCallCanBeBrokenOff) {
    const auto broken_off = [](auto call) {
        auto outer = spawn([&] {
            try {
                const Timeout timeout(5ms);
                call(Deadline(20s));
                return false;
            } catch (const Timeout::Expired&) {
                return true;
            }
        });
        EXPECT_TRUE(outer.get());
        auto killed = spawn([&] { call(Deadline(20s)); });
        testing::until_waiting_for_io(1);
        killed.kill();
        EXPECT_TRUE(killed.killed());
        EXPECT_THROW(call(Deadline(1ms)), TimeoutError);
    };
    Listener mute = listen("127.0.0.1:0");  // nobody accepts
    TlsSocket half = wrap_ssl(connect(mute.address()), client_context(),
                              {.server_name = "localhost", .handshake_on_connect = false});
    broken_off([&](Deadline d) { half.handshake(d); });
    char c = 0;
    broken_off([&](Deadline d) { half.recv({&c, 1}, d); });
    Pair pair;
    broken_off([&](Deadline d) { pair.client.recv({&c, 1}, d); });
    broken_off([&](Deadline d) { pair.client.recv_exactly({&c, 1}, d); });
    const std::string much(20'000'000, 'x');
    broken_off([&](Deadline d) { pair.client.send_all(much, d); });
    broken_off([&](Deadline d) {
        while (true) {
            pair.client.send(much, d);
        }
    });
    const Bytes parts[] = {much, much};
    broken_off([&](Deadline d) { pair.client.send_parts(parts, d); });
    Pair other;
    broken_off([&](Deadline d) { other.client.unwrap(d); });
}

}  // namespace
}  // namespace tendril
