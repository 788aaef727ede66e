// SPDX-License-Identifier: MIT
//
// TLS over Streams that are no TCP socket: Unix-domain sockets, pipes, TLS itself.

#include <tendril/tls_stream.hpp>

#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/pipe.hpp>
#include <tendril/timeout.hpp>
#include <tendril/tls.hpp>
#include <tendril/wait.hpp>

#include "certificates.hpp"
#include "errno_of.hpp"
#include "faults.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::authority;
using testing::errno_of;
using testing::server_identity;

const TlsContext& server_context() {
    static const TlsContext made(
        {.server_side = true, .certificate = server_identity().certificate, .key = server_identity().key});
    return made;
}

TlsOptions client_options() {
    return {.ca_file = authority().certificate()};
}

const WrapOptions to_localhost{.server_name = "localhost"};

// A pair of pipes as a Stream, as a user may write one.
class PipeStream final : public Stream {
public:
    PipeStream(PipeReader reader, PipeWriter writer) : reader_(std::move(reader)), writer_(std::move(writer)) {}
    std::size_t recv(Buffer buffer, Deadline deadline) override { return reader_.recv(buffer, deadline); }
    std::size_t send(Bytes bytes, Deadline deadline) override { return writer_.send(bytes, deadline); }
    void await_data(Deadline) override { static_cast<void>(wait({AnyWaitable(reader_)})); }
    void shutdown(Shutdown how, Deadline) override { how == Shutdown::read ? reader_.close() : writer_.close(); }
    int fd() const noexcept override { return reader_.fd(); }
    void close() noexcept override {
        reader_.close();
        writer_.close();
    }
    bool is_open() const noexcept override { return reader_.is_open(); }

private:
    PipeReader reader_;
    PipeWriter writer_;
};

struct Under {
    std::shared_ptr<Stream> client, server;
};

Under sockets() {
    auto [a, b] = TcpSocket::pair();
    return {std::make_shared<TcpSocket>(std::move(a)), std::make_shared<TcpSocket>(std::move(b))};
}

Under pipes() {
    Pipe up = make_pipe();
    Pipe down = make_pipe();
    return {std::make_shared<PipeStream>(std::move(down.reader), std::move(up.writer)),
            std::make_shared<PipeStream>(std::move(up.reader), std::move(down.writer))};
}

struct Pair {
    TlsStream client, server;

    explicit Pair(Under under, const TlsOptions& options = client_options(), const WrapOptions& wrap = to_localhost) {
        auto serving = spawn([&] { server = wrap_ssl(std::move(under.server), server_context(), {}, 20s); });
        client = wrap_ssl(std::move(under.client), options, wrap, 20s);
        serving.get();
    }
};

Under tls() {
    auto [a, b] = TcpSocket::pair();
    TlsSocket client, server;
    auto serving =
        spawn([&, socket = std::move(b)]() mutable { server = wrap_ssl(std::move(socket), server_context()); });
    client = wrap_ssl(std::move(a), client_options(), to_localhost, 20s);
    serving.get();
    return {std::make_shared<TlsSocket>(std::move(client)), std::make_shared<TlsSocket>(std::move(server))};
}

Under tls_twice() {
    Pair pair(tls());
    return {std::make_shared<TlsStream>(std::move(pair.client)), std::make_shared<TlsStream>(std::move(pair.server))};
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

TENDRIL_TEST(TlsStream, CarriesBytesOverEachKindOfStream) {
    const std::string text = pattern(300'000);
    for (const auto make : {&sockets, &pipes, &tls, &tls_twice}) {
        for (const TlsVersion version : {TlsVersion::tls_1_2, TlsVersion::tls_1_3}) {
            TlsOptions options = client_options();
            options.highest = version;
            Pair pair(make(), options);
            EXPECT_EQ(pair.client.version(), version == TlsVersion::tls_1_2 ? "TLSv1.2" : "TLSv1.3");
            EXPECT_EQ(pair.client.peer_certificate()->subject, "CN = a server");
            EXPECT_EQ(pair.client.channel_binding(TlsBinding::exporter),
                      pair.server.channel_binding(TlsBinding::exporter));
            const auto transfer = [&](TlsStream& end) {
                auto sender = spawn([&] {
                    end.send_all(text, 20s);
                    const std::vector<Bytes> parts{"one ", "", Bytes(text), "two"};
                    end.send_parts(parts, 20s);
                });
                EXPECT_TRUE(received(end, 2 * text.size() + 7) == text + "one " + text + "two");
                sender.get();
            };
            auto other = spawn([&] { transfer(pair.server); });
            transfer(pair.client);
            other.get();
            pair.client.shutdown(Shutdown::write, 20s);
            EXPECT_EQ(received(pair.server, 1), "");
        }
    }
}

TENDRIL_TEST(TlsStream, TakesOverAnObject) {
    auto [a, b] = TcpSocket::pair();
    auto serving = spawn([&, socket = std::move(b)]() mutable {
        TlsStream s = wrap_ssl(wrap_ssl(std::move(socket), server_context()), server_context());
        EXPECT_EQ(received(s, 5), "hello");
        EXPECT_EQ(received(s, 1), "") << "close() sends the end records, the inner one first";
    });
    TlsStream s = wrap_ssl(wrap_ssl(std::move(a), client_options(), to_localhost), client_options(), to_localhost, 20s);
    s.send_all("hello", 20s);
    s.close();
    serving.get();
    EXPECT_FALSE(s.is_open());
    EXPECT_EQ(errno_of([&] { s.send_all("x"); }), EBADF);
    EXPECT_THROW(wrap_ssl(std::shared_ptr<Stream>()), std::invalid_argument);
}

TENDRIL_TEST(TlsStream, VerifiesAsASocketDoes) {
    for (const auto make : {&sockets, &pipes, &tls}) {
        Under under = make();
        std::exception_ptr server_error;
        auto serving = spawn([&] {
            try {
                wrap_ssl(under.server, server_context(), {}, 20s);
            } catch (const TlsError&) {
                server_error = std::current_exception();
            }
        });
        EXPECT_THROW(wrap_ssl(under.client, client_options(), {.server_name = "elsewhere.test"}, 20s), TlsError);
        serving.get();
        EXPECT_NE(server_error, nullptr) << "it is told by an alert, or learns of the end";
        EXPECT_FALSE(under.client->is_open());
    }
    EXPECT_THROW(wrap_ssl(sockets().client, client_options()), std::invalid_argument);
}

// Bytes of the layers underneath are neither lost nor sent twice, whenever a kill comes: else the peer could not
// decrypt what follows.
TENDRIL_TEST(TlsStream, KilledSendersCorruptNothing) {
    for (const auto make : {&sockets, &pipes, &tls, &tls_twice}) {
        Pair pair(make());
        const std::string text = pattern(1'000'000);
        for (int i = 0; i < 12; ++i) {
            auto sender = spawn([&] { pair.client.send_all(text, 20s); });
            testing::until_waiting_for_io(1);
            sender.kill();
            std::string some(20'000 * (i % 3), '\0');
            try {
                pair.server.recv_exactly(some, 1ms);
            } catch (const TimeoutError&) {  // there was less
            }
        }
        auto last = spawn([&] {
            pair.client.send_all("the mark", 20s);
            pair.client.shutdown(Shutdown::write, 20s);
        });
        std::string got;
        char buffer[20'000];
        while (const std::size_t n = pair.server.recv(buffer, 20s)) {
            got.append(buffer, n);
        }
        ASSERT_GE(got.size(), 8u);
        EXPECT_EQ(got.substr(got.size() - 8), "the mark");
        last.get();
    }
}

TENDRIL_TEST(TlsStream, TimedOutSendersAreToldWhatTheySent) {
    for (const auto make : {&sockets, &pipes, &tls, &tls_twice}) {
        Pair pair(make());
        const std::string text = pattern(2'000'000);
        std::size_t sent = 0;
        for (int i = 0; i < 5; ++i) {
            try {
                pair.client.send_all({text.data() + sent, text.size() - sent}, 3ms);
                ADD_FAILURE() << "the peer does not read";
            } catch (const TimeoutError& e) {
                sent += e.done();
            }
        }
        auto sender = spawn([&] {
            pair.client.send_all({text.data() + sent, text.size() - sent}, 20s);
            pair.client.shutdown(Shutdown::write, 20s);
        });
        EXPECT_TRUE(received(pair.server, text.size() + 1) == text);
        sender.get();
    }
}

TENDRIL_TEST(TlsStream, KilledReadersLoseNothing) {
    for (const auto make : {&sockets, &tls, &tls_twice}) {
        Pair pair(make());
        const std::string text = pattern(50'000);
        std::string got;
        auto writer = spawn([&] {
            for (std::size_t at = 0; at < text.size(); at += 1000) {
                pair.server.send_all({text.data() + at, 1000}, 20s);
                yield();
            }
        });
        while (got.size() < text.size()) {
            char buffer[700];
            auto reader = spawn([&] { got.append(buffer, pair.client.recv(buffer, 20s)); });
            yield();
            reader.kill();
            try {
                got.append(buffer, pair.client.recv(buffer, 0s));
            } catch (const TimeoutError&) {
            }
            yield();
        }
        EXPECT_TRUE(got == text);
        writer.get();
    }
}

TENDRIL_TEST(TlsStream, AHandshakeGoesOnAfterADeadlineAndAKill) {
    Under under = sockets();
    TlsStream client =
        wrap_ssl(under.client, client_options(), {.server_name = "localhost", .handshake_on_connect = false});
    EXPECT_THROW(client.handshake(2ms), TimeoutError);
    auto killed = spawn([&] { client.handshake(20s); });
    testing::until_waiting_for_io(1);
    killed.kill();
    auto serving = spawn([&] { return wrap_ssl(under.server, server_context(), {}, 20s); });
    auto reader = spawn([&] { return received(client, 2); });
    auto writer = spawn([&] { client.send_all("to", 20s); });
    TlsStream server = std::move(serving.get());
    EXPECT_EQ(received(server, 2), "to");
    server.send_all("fr", 20s);
    EXPECT_EQ(reader.get(), "fr");
    writer.get();
    auto [a, b] = TcpSocket::pair();
    EXPECT_THROW(wrap_ssl(std::make_shared<TcpSocket>(std::move(a)), client_options(), to_localhost, 2ms),
                 TimeoutError);
    EXPECT_GT(received(b, 10'000).size(), 100u) << "the hello was sent, and the socket closed";
}

TENDRIL_TEST(TlsStream, AStreamThatIsCutOffIsAnError) {
    for (const bool tolerant : {false, true}) {
        Under under = pipes();
        const std::shared_ptr<Stream> server = under.server;
        WrapOptions options = to_localhost;
        options.suppress_ragged_eofs = tolerant;
        Pair pair(std::move(under), client_options(), options);
        server->close();  // without TLS's knowledge
        char c = 0;
        if (tolerant) {
            EXPECT_EQ(pair.client.recv({&c, 1}, 20s), 0u);
        } else {
            EXPECT_THROW(pair.client.recv({&c, 1}, 20s), TlsError);
            EXPECT_THROW(pair.client.recv({&c, 1}, 20s), TlsError) << "and stays one";
        }
    }
}

TENDRIL_TEST(TlsStream, EachSideEndsItsOwnStream) {
    Pair pair(tls());
    pair.client.send_all("request", 20s);
    pair.client.shutdown(Shutdown::write, 20s);
    EXPECT_EQ(received(pair.server, 100), "request");
    pair.server.send_all("answer", 20s);
    EXPECT_EQ(received(pair.client, 6), "answer");
    EXPECT_EQ(errno_of([&] { pair.client.send_all("more"); }), EPIPE);
}

TENDRIL_TEST(TlsStream, ShutdownOfReadingAndCloseWakeTheReader) {
    for (const auto make : {&sockets, &tls, &tls_twice}) {
        Pair pair(make());
        auto reader = spawn([&] { return received(pair.client, 1); });
        testing::until_waiting_for_io(1);
        char c = 0;
        EXPECT_THROW(pair.client.recv({&c, 1}), ConcurrentUse);
        pair.client.shutdown(Shutdown::read);
        EXPECT_EQ(reader.get(), "");
        pair.client.send_all("still sends", 20s);
        EXPECT_EQ(received(pair.server, 11), "still sends");
        auto other = spawn([&] { return errno_of([&] { received(pair.server, 1); }); });
        testing::until_waiting_for_io(1);
        pair.server.close();
        EXPECT_EQ(other.get(), EBADF);
    }
}

TENDRIL_TEST(TlsStream, PlainBytesFollowTheEndOfTls) {
    for (const auto make : {&sockets, &tls}) {
        Pair pair(make());
        auto serving = spawn([&] {
            auto [stream, early] = pair.server.unwrap(20s);
            stream->send_all("plain from the server", 20s);
            while (early.size() < 21) {
                early += received(*stream, 21 - early.size());
            }
            return early;
        });
        auto [stream, early] = pair.client.unwrap(20s);
        stream->send_all("plain from the client", 20s);
        EXPECT_EQ(early + received(*stream, 21 - early.size()), "plain from the server");
        EXPECT_EQ(serving.get(), "plain from the client");
        EXPECT_FALSE(pair.client.is_open());
        EXPECT_TRUE(stream->is_open());
    }
}

TENDRIL_TEST(TlsStream, AwaitsData) {
    for (const auto make : {&sockets, &tls, &tls_twice}) {
        Pair pair(make());
        pair.server.send_all("!", 20s);
        EXPECT_EQ(received(pair.client, 1), "!") << "with the tickets, which are no data";
        auto waiter = spawn([&] { pair.client.await_data(20s); });
        testing::until_waiting_for_io(1);
        pair.server.send_all("xy", 20s);
        waiter.get();
        EXPECT_EQ(received(pair.client, 1), "x");
        EXPECT_EQ(pair.client.pending(), 1u);
        pair.client.await_data(20s);
        EXPECT_EQ(received(pair.client, 1), "y");
    }
}

TENDRIL_TEST(TlsStream, AFailedSendLeavesWhatCameReadable) {
    Pair pair(sockets());
    pair.server.send_all("too large", 20s);
    {
        const testing::Faults reset({{.call = sys::Call::send, .fd = pair.client.fd(), .fault = EPIPE}});
        EXPECT_EQ(errno_of([&] { pair.client.send_all("a request"); }), EPIPE);
    }
    EXPECT_EQ(errno_of([&] { pair.client.send_all("more"); }), EPIPE);
    EXPECT_EQ(received(pair.client, 9), "too large");
    pair.client.close();
    char c = 0;
    EXPECT_THROW(pair.server.recv({&c, 1}, 20s), TlsError) << "no close_notify after a lost record";
}

}  // namespace
}  // namespace tendril
