// SPDX-License-Identifier: MIT
//
// Of two calls in one direction the first is served and the second is refused, even if the first yields before it does
// anything.

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <tendril/greenlet.hpp>
#include <tendril/pipe.hpp>
#include <tendril/select.hpp>
#include <tendril/socket.hpp>
#include <tendril/tls.hpp>
#include <tendril/udp_socket.hpp>

#include "certificates.hpp"
#include "errno_of.hpp"
#include "green_test.hpp"
#include "hub/hub_core.hpp"
#include "pipe.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;

// Begins `call` in a green thread of its own, with a budget that makes it yield at its beginning, and returns then.
template <class Call>
auto begun(Call call) {
    detail::HubCore& hub = detail::HubCore::here();
    auto first = spawn([&hub, call] {
        hub.budget = 1;
        return call();
    });
    yield();
    hub.budget = 1000;  // so that this green thread need not yield
    EXPECT_FALSE(first.ready());
    return first;
}

// Makes the call twice; `serve` gives the first one what it waits for.
void expect_first_wins(const std::function<void()>& call, const std::function<void()>& serve) {
    auto first = begun([&] { call(); });
    EXPECT_THROW(call(), ConcurrentUse);
    yield();
    EXPECT_THROW(call(), ConcurrentUse) << "the first call waits now";
    serve();
    EXPECT_NO_THROW(first.get());
}

TENDRIL_TEST(FirstCaller, ReadsASocket) {
    auto [a, b] = TcpSocket::pair();
    char c = 0;
    std::array<Buffer, 1> parts{Buffer{&c, 1}};
    const auto serve = [&b = b] { b.send_all("x"); };
    expect_first_wins([&a = a, &c] { a.recv({&c, 1}); }, serve);
    expect_first_wins([&a = a, &c] { a.recv_exactly({&c, 1}); }, serve);
    expect_first_wins([&a = a, &parts] { a.recv_parts(parts); }, serve);
    expect_first_wins([&a = a] { a.await_data(); }, serve);
}

TENDRIL_TEST(FirstCaller, IsNotRobbedOfWhatIsThere) {
    auto [a, b] = TcpSocket::pair();
    b.send_all("x");
    char c = 0;
    auto first = begun([&a = a, &c] { return a.recv({&c, 1}); });
    char other = 0;
    EXPECT_THROW(a.recv({&other, 1}), ConcurrentUse);
    EXPECT_THROW(static_cast<void>(a.try_recv({&other, 1})), ConcurrentUse);
    EXPECT_EQ(first.get(), 1u);
    EXPECT_EQ(c, 'x');
}

TENDRIL_TEST(FirstCaller, ReadsAPipeADatagramAndAListener) {
    Pipe pipe = make_pipe();
    char c = 0;
    expect_first_wins([&] { pipe.reader.recv({&c, 1}); }, [&] { pipe.writer.send_all("x"); });

    auto [a, b] = UdpSocket::pair();
    Address from;
    expect_first_wins([&a = a, &c] { a.recv({&c, 1}); }, [&b = b] { b.send("x"); });
    expect_first_wins([&a = a, &c, &from] { a.recv_from({&c, 1}, from); }, [&b = b] { b.send("x"); });

    Listener listener = listen("127.0.0.1:0");
    TcpSocket client;
    expect_first_wins([&] { listener.accept(); }, [&] { client = connect(listener.address()); });
}

TENDRIL_TEST(FirstCaller, WaitsForAForeignDescriptor) {
    const testing::Pipe pipe;
    expect_first_wins([&] { wait_readable(pipe.reader.get()); }, [&] { pipe.write(); });
    pipe.fill();
    expect_first_wins([&] { wait_writable(pipe.writer.get()); }, [&] { pipe.drain(); });
}

struct TlsPair {
    TlsSocket client;
    TlsSocket server;
    TlsPair() {
        auto [a, b] = TcpSocket::pair();
        const TlsOptions options{.server_side = true,
                                 .certificate = testing::server_identity().certificate,
                                 .key = testing::server_identity().key};
        auto serving = spawn([&, socket = std::move(b)]() mutable { server = wrap_ssl(std::move(socket), options); });
        client = wrap_ssl(std::move(a), TlsOptions{.ca_file = testing::authority().certificate()},
                          {.server_name = "localhost"});
        serving.get();
    }
};

TENDRIL_TEST(FirstCaller, ReadsTls) {
    TlsPair pair;
    char c = 0;
    const auto serve = [&] { pair.server.send_all("x"); };
    expect_first_wins([&] { pair.client.recv({&c, 1}); }, serve);
    expect_first_wins([&] { pair.client.recv_exactly({&c, 1}); }, serve);
    expect_first_wins([&] { pair.client.await_data(); }, serve);
}

TENDRIL_TEST(FirstCaller, WritesTls) {
    TlsPair pair;
    const std::string much(8 << 20, 'x');  // more than the buffers of both sides hold
    auto first = begun([&] { pair.client.send_all("1"); });
    EXPECT_THROW(pair.client.send_all(much), ConcurrentUse);
    std::string got(1 << 16, 0);
    auto reader = spawn([&] {
        while (pair.server.recv(got) > 0 && got.front() != '1') {
            got.assign(got.size(), 0);
        }
    });
    first.get();
    pair.client.shutdown(Shutdown::write);
    reader.get();
}

void fill(TcpSocket& socket) {
    const std::string much(1 << 16, 'x');
    while (socket.try_send(much).has_value()) {
    }
}

void drain(TcpSocket& socket) {
    std::string much(1 << 16, 'x');
    while (socket.try_recv(much).has_value()) {
    }
}

TENDRIL_TEST(FirstCaller, Writes) {
    auto [a, b] = TcpSocket::pair();
    fill(a);
    expect_first_wins([&a = a] { a.send_all("y"); }, [&b = b] { drain(b); });
}

// Reads what arrives at `from`, up to a '1'.
template <class Socket>
void read_to_one(Socket& from) {
    std::string got(1 << 16, 0);
    std::size_t n = 1;
    while (n > 0 && std::string_view(got.data(), n).find('1') == std::string_view::npos) {
        n = from.recv(got);
    }
}

// The second writer need not wait, but would yield during its call, and the first would then find it there.
TENDRIL_TEST(FirstCaller, IsNotOvertakenByAWriterThatLetsOthersRunAmidItsCall) {
    auto [a, b] = TcpSocket::pair();
    const std::string much(8 << 20, 'x');
    auto first = begun([&a = a] { a.send_all("1"); });
    detail::HubCore::here().budget = 2;
    EXPECT_THROW(a.send_all(much), ConcurrentUse);
    auto reader = spawn([&b = b] { read_to_one(b); });
    EXPECT_NO_THROW(first.get());
    reader.get();
}

TENDRIL_TEST(FirstCaller, IsNotOvertakenByATlsWriterThatLetsOthersRunAmidItsCall) {
    TlsPair pair;
    const std::string much(8 << 20, 'x');
    const std::array<Bytes, 2> parts{Bytes(much), Bytes(much)};
    for (const bool in_parts : {false, true}) {
        auto first = begun([&] { pair.client.send_all("1"); });
        detail::HubCore::here().budget = 2;
        EXPECT_THROW(in_parts ? pair.client.send_parts(parts) : pair.client.send_all(much), ConcurrentUse);
        auto reader = spawn([&] { read_to_one(pair.server); });
        EXPECT_NO_THROW(first.get());
        reader.get();
    }
}

TENDRIL_TEST(FirstCaller, IsNotOvertakenAmidItsTlsWritingByOneThatLetsOthersRun) {
    TlsPair pair;
    detail::HubCore& hub = detail::HubCore::here();
    const std::string much(8 << 20, 'x');
    auto first = spawn([&] {
        hub.budget = 2;  // so that it yields after a record
        pair.client.send_all(much);
        pair.client.send_all("1");
    });
    yield();
    for (int i = 0; i < 40; ++i) {  // in one of these rounds the first writer must wait
        hub.budget = 1;
        EXPECT_THROW(pair.client.send_all("2"), ConcurrentUse);
    }
    auto reader = spawn([&] { read_to_one(pair.server); });
    EXPECT_NO_THROW(first.get());
    reader.get();
}

TENDRIL_TEST(FirstCaller, IsNotOvertakenByAReaderWhileItUnwraps) {
    TlsPair pair;
    auto first = begun([&] { return pair.client.unwrap(); });
    char byte = 0;
    EXPECT_THROW(pair.client.recv({&byte, 1}, 1s), ConcurrentUse);
    auto other = spawn([&] { return pair.server.unwrap(); });
    EXPECT_NO_THROW(std::move(first).get().close());
    EXPECT_NO_THROW(std::move(other).get().close());
}

TENDRIL_TEST(FirstCaller, IsNotOvertakenByAWriterThatWaitsForTheHandshake) {
    auto [a, b] = TcpSocket::pair();
    TlsSocket client = wrap_ssl(std::move(a), TlsOptions{.ca_file = testing::authority().certificate()},
                                {.server_name = "localhost", .handshake_on_connect = false});
    auto first = begun([&] { client.send_all("1"); });
    EXPECT_THROW(client.send_all("2"), ConcurrentUse);
    TlsSocket server = wrap_ssl(std::move(b), TlsOptions{.server_side = true,
                                                         .certificate = testing::server_identity().certificate,
                                                         .key = testing::server_identity().key});
    read_to_one(server);
    EXPECT_NO_THROW(first.get());
}

TENDRIL_TEST(FirstCaller, LetsOthersSendTlsWhoNeedNotWait) {
    TlsPair pair;
    auto first = begun([&] { pair.client.send_all("1"); });
    EXPECT_NO_THROW(pair.client.send_all("2"));
    EXPECT_NO_THROW(first.get());
    read_to_one(pair.server);
}

TENDRIL_TEST(FirstCaller, LetsOthersSendWhoNeedNotWait) {
    auto [a, b] = TcpSocket::pair();
    auto first = begun([&a = a] { a.send_all("1"); });
    EXPECT_NO_THROW(a.send_all("2"));
    first.get();
    std::string got(2, 0);
    EXPECT_EQ(b.recv_exactly(got), 2u);
    EXPECT_EQ(got, "21");
}

TENDRIL_TEST(FirstCaller, IsToldWhenItIsClosedMeanwhile) {
    auto [a, b] = TcpSocket::pair();
    char c = 0;
    auto reader = begun([&a = a, &c] { return errno_of([&] { a.recv({&c, 1}); }); });
    a.close();
    auto [d, e] = TcpSocket::pair();  // takes over the number and the slot
    EXPECT_EQ(reader.get(), EBADF);
    auto writer = begun([&d = d] { return errno_of([&] { d.send_all("x"); }); });
    d.close();
    EXPECT_EQ(writer.get(), EBADF);
}

}  // namespace
}  // namespace tendril
