// SPDX-License-Identifier: MIT
//
// The answer to request_certificate() consists of several records. While a part of it has come, OpenSSL lets nobody
// send before the rest has.

#include <tendril/tls_machine.hpp>

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/tls.hpp>
#include <tendril/tls_stream.hpp>

#include "certificates.hpp"
#include "errno_of.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::authority;
using testing::errno_of;
using testing::server_identity;

TlsOptions client_options() {
    const testing::Identity client = authority().issue("client 7", {.names = {}});
    return {.certificate = client.certificate,
            .key = client.key,
            .ca_file = authority().certificate(),
            .post_handshake_auth = true};
}

TlsOptions server_options() {
    return {.server_side = true,
            .certificate = server_identity().certificate,
            .key = server_identity().key,
            .verify = TlsVerify::required,
            .ca_file = authority().certificate(),
            .post_handshake_auth = true};
}

TlsSocket over(TcpSocket socket, TlsSocket*) {
    return wrap_ssl(std::move(socket), server_options(), {.handshake_on_connect = false});
}
TlsStream over(TcpSocket socket, TlsStream*) {
    return wrap_ssl(std::make_shared<TcpSocket>(std::move(socket)), server_options(), {.handshake_on_connect = false});
}

// A server, and a client whose bytes the test carries.
template <class Server>
struct Asked {
    TcpSocket wire;
    TlsMachine client{client_options(), {.server_name = "localhost"}};
    Server server;
    std::string answer;  // the client's, not yet sent

    Asked() {
        auto [a, b] = TcpSocket::pair();
        wire = std::move(a);
        server = over(std::move(b), static_cast<Server*>(nullptr));
        auto shaking = spawn([&] { server.handshake(20s); });
        while (!client.handshake()) {
            carry();
            receive();
        }
        carry();
        shaking.get();
        server.request_certificate(20s);
        while (answer.empty()) {
            receive();
            char c = 0;
            EXPECT_EQ(client.recv({&c, 1}), std::nullopt);
            take();
        }
    }

    void take() {
        answer += std::string(reinterpret_cast<const char*>(client.outgoing().data()), client.outgoing().size());
        client.sent(client.outgoing().size());
    }
    void carry() {
        wire.send_all(client.outgoing(), 20s);
        client.sent(client.outgoing().size());
    }
    void receive() {
        char buffer[4096];
        const std::size_t n = wire.recv(buffer, 20s);
        EXPECT_EQ(client.feed({buffer, n}), n);
    }

    // Sends the first record of the answer. The reader that is given a moment takes it, and finds no data.
    void begin() {
        ASSERT_GT(answer.size(), 5u);
        const std::size_t size =
            5 + (static_cast<unsigned char>(answer[3]) * 256u + static_cast<unsigned char>(answer[4]));
        ASSERT_LT(size, answer.size());
        wire.send_all({answer.data(), size}, 20s);
        answer.erase(0, size);
        char c = 0;
        EXPECT_THROW(server.recv({&c, 1}, 1ms), TimeoutError);
    }

    // Sends the rest of it, and data.
    void finish(const std::string& data) {
        EXPECT_EQ(client.send(data), data.size());
        take();
        wire.send_all(answer, 20s);
    }

    std::string got(std::size_t size) {
        std::string text(size, '\0');
        for (;;) {
            if (const std::optional<std::size_t> n = client.recv(text)) {
                return text.substr(0, *n);
            }
            receive();
        }
    }
};

template <class Server>
void send_while_the_answer_comes() {
    for (const bool reader_first : {true, false}) {
        Asked<Server> asked;
        asked.begin();
        Greenlet<std::string> reader;
        Greenlet<void> writer;
        const auto read = [&] {
            reader = spawn([&] {
                std::string text(4, '\0');
                text.resize(asked.server.recv_exactly(text, 20s));
                return text;
            });
        };
        const auto write = [&] { writer = spawn([&] { asked.server.send_all("data", 20s); }); };
        reader_first ? read() : write();
        testing::until_waiting_for_io(1);
        reader_first ? write() : read();
        for (int i = 0; i < 10; ++i) {
            yield();
        }
        EXPECT_FALSE(reader.ready() || writer.ready());
        asked.finish("ping");
        EXPECT_EQ(reader.get(), "ping");
        writer.get();
        EXPECT_EQ(asked.got(4), "data");
        EXPECT_EQ(asked.server.peer_certificate().value().subject, "CN = client 7");
    }
}

TENDRIL_TEST(TlsPostHandshake, ASocketSendsWhileTheAnswerComes) {
    send_while_the_answer_comes<TlsSocket>();
}

TENDRIL_TEST(TlsPostHandshake, AStreamSendsWhileTheAnswerComes) {
    send_while_the_answer_comes<TlsStream>();
}

// A client that withholds the rest holds up what the server sends, but no deadline, kill or close.
template <class Server>
void end_a_withheld_answer() {
    Asked<Server> asked;
    asked.begin();
    char c = 0;
    auto reader = spawn([&] { return errno_of([&] { asked.server.recv({&c, 1}); }); });
    testing::until_waiting_for_io(1);
    EXPECT_THROW(asked.server.send_all("x", 2ms), TimeoutError);
    auto killed = spawn([&] { asked.server.send_all("x"); });
    while (!killed.started()) {
        yield();
    }
    yield();
    killed.kill();
    auto writer = spawn([&] { return errno_of([&] { asked.server.send_all("x"); }); });
    while (!writer.started()) {
        yield();
    }
    yield();
    asked.server.close();
    EXPECT_EQ(reader.get(), EBADF);
    EXPECT_EQ(writer.get(), EBADF);
}

TENDRIL_TEST(TlsPostHandshake, AWithheldAnswerEndsByTheDeadlineAKillOrAClose) {
    end_a_withheld_answer<TlsSocket>();
    end_a_withheld_answer<TlsStream>();
}

}  // namespace
}  // namespace tendril
