// SPDX-License-Identifier: MIT

#include <tendril/seqpacket_socket.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <string>

#include <tendril/ancillary.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/wait.hpp>

#include "errno_of.hpp"
#include "faults.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;

std::string own_name() {
    static int number = 0;
    return "unix:@tendril-seqpacket-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
}

TENDRIL_TEST(Seqpacket, KeepsMessagesApartAndHasAnEnd) {
    SeqpacketListener listener = SeqpacketListener::bound(own_name());
    auto server = spawn([&] {
        SeqpacketSocket peer = listener.accept(20s);
        char buffer[100];
        while (const std::optional<Datagram> d = peer.recv(buffer, 20s)) {
            peer.send({buffer, d->size});
        }
        return peer.peer_credentials().process;
    });
    SeqpacketSocket client = SeqpacketSocket::connected(listener.address(), {}, 20s);
    EXPECT_EQ(client.peer_address(), listener.address());
    client.send("one");
    client.send("");
    client.send("three");
    char buffer[100];
    for (const std::string text : {"one", "", "three"}) {
        const std::optional<Datagram> d = client.recv(buffer, 20s);
        ASSERT_TRUE(d.has_value()) << "an empty message is not the end";
        EXPECT_EQ(std::string(buffer, d->size), text);
    }
    client.shutdown(Shutdown::write);
    EXPECT_EQ(server.get(), ::getpid());
    EXPECT_EQ(client.recv(buffer, 20s), std::nullopt);
    EXPECT_EQ(client.recv(buffer, 20s), std::nullopt) << "the end lasts";
    EXPECT_EQ(errno_of([&] { client.send("x"); }), EPIPE);
}

// Linux interrupts a poll(2) even if it does not wait. That is neither an end, nor data.
TENDRIL_TEST(Seqpacket, ASignalIsNoEnd) {
    auto [a, b] = SeqpacketSocket::pair();
    char buffer[10];
    a.send("");
    a.send("");
    {
        const testing::Faults faults({{.call = sys::Call::poll, .fault = EINTR}});
        EXPECT_TRUE(b.recv(buffer, 20s).has_value());
        EXPECT_EQ(faults.happened(), 1u);
    }
    {
        const testing::Faults faults({{.call = sys::Call::poll, .fault = EINTR}});
        EXPECT_FALSE(recv_message(b, buffer, {}, 20s).ended);
        EXPECT_EQ(faults.happened(), 1u);
    }
    const testing::Faults faults({{.call = sys::Call::poll, .fault = EINTR}});
    EXPECT_FALSE(b.ready());
    EXPECT_EQ(faults.happened(), 1u);
}

TENDRIL_TEST(Seqpacket, TellsWhatItCutOff) {
    auto pair = SeqpacketSocket::pair();
    auto& a = pair.first;  // Clang captures no structured binding
    auto& b = pair.second;
    a.send("longer than that");
    char buffer[6];
    EXPECT_EQ(b.recv(Buffer(), {.peek = true}, 20s).value().length, 16u);
    const Datagram d = b.recv(buffer, 20s).value();
    EXPECT_EQ(d.size, 6u);
    EXPECT_EQ(d.length, 16u);
    EXPECT_TRUE(d.truncated);
    EXPECT_EQ(errno_of([&] { a.send(std::string(10'000'000, 'x')); }), EMSGSIZE);
    a.close();
    EXPECT_TRUE(recv_message(b, buffer, {}, 20s).ended);
}

// An empty last message looks like the end, unless something came with it.
TENDRIL_TEST(Seqpacket, CredentialsTellAnEmptyMessageFromTheEnd) {
    auto [a, b] = SeqpacketSocket::pair();
    b.set(option::credentials, true);
    a.send("");
    a.close();
    char buffer[6];
    EXPECT_FALSE(recv_message(b, buffer, {}, 20s).ended);
    EXPECT_TRUE(recv_message(b, buffer, {}, 20s).ended);
}

TENDRIL_TEST(Seqpacket, WaitsAsASocketDoes) {
    auto ends = SeqpacketSocket::pair();
    SeqpacketSocket& a = ends.first;
    SeqpacketSocket& b = ends.second;
    char buffer[1000];
    EXPECT_THROW(b.recv(buffer, 1ms), TimeoutError);
    auto reader = spawn([&] { b.recv(buffer); });
    testing::until_waiting_for_io(1);
    EXPECT_THROW(b.recv(buffer), ConcurrentUse);
    a.send("kept");
    reader.kill();
    EXPECT_EQ(b.recv(buffer, 20s).value().size, 4u) << "a kill took nothing";
    const std::string much(1000, 'x');
    std::size_t sent = 0;
    try {
        for (;; ++sent) {
            a.send(much, 0s);
        }
    } catch (const TimeoutError&) {
    }
    auto writer = spawn([&] { a.send(much, 20s); });
    testing::until_waiting_for_io(1);
    for (std::size_t i = 0; i <= sent; ++i) {
        EXPECT_EQ(b.recv(buffer, 20s).value().size, much.size());
    }
    writer.get();
    EXPECT_FALSE(b.ready());
    auto closed = spawn([&] { return errno_of([&] { b.recv(buffer); }); });
    testing::until_waiting_for_io(1);
    b.close();
    EXPECT_EQ(closed.get(), EBADF);
    EXPECT_EQ(errno_of([&] { b.recv(buffer); }), EBADF);
}

TENDRIL_TEST(Seqpacket, AListenersWaitsLoseNoConnection) {
    SeqpacketListener listener = SeqpacketListener::bound(own_name(), {.backlog = 0});
    EXPECT_THROW(listener.accept(1ms), TimeoutError);
    auto accepting = spawn([&] { listener.accept(); });
    testing::until_waiting_for_io(1);
    SeqpacketSocket first = SeqpacketSocket::connected(listener.address());
    accepting.kill();
    EXPECT_TRUE(listener.ready());
    const auto fill = [&] {
        std::vector<SeqpacketSocket> more;
        for (;;) {
            more.push_back(SeqpacketSocket::connected(listener.address(), {}, 0s));
        }
    };
    EXPECT_THROW(fill(), TimeoutError);
    EXPECT_TRUE(listener.accept(20s).is_open());
    const std::string name = listener.address().to_string();
    listener.close();
    EXPECT_EQ(errno_of([&] { SeqpacketSocket::connected(name); }), ECONNREFUSED);
}

TENDRIL_TEST(Seqpacket, TakesOverOnlyItsKind) {
    EXPECT_EQ(errno_of([] { SeqpacketSocket{TcpSocket::pair().first.release()}; }), EPROTOTYPE);
    EXPECT_EQ(errno_of([] { SeqpacketListener{SeqpacketSocket::pair().first.release()}; }), EPROTOTYPE);
    EXPECT_EQ(errno_of([] { SeqpacketSocket{SeqpacketListener::bound(own_name()).release()}; }), EPROTOTYPE);
    auto [a, b] = SeqpacketSocket::pair();
    SeqpacketSocket again(a.release());
    again.send("x");
    char c = 0;
    EXPECT_EQ(b.recv({&c, 1}, 20s).value().size, 1u);
    EXPECT_NE(errno_of([] { SeqpacketListener::bound("127.0.0.1:0"); }), 0);
    const testing::Faults faults({{.call = sys::Call::recv, .fault = EINTR}, {.call = sys::Call::recv, .fault = EIO}});
    EXPECT_EQ(errno_of([&, &peer = b] { peer.recv({&c, 1}, 20s); }), EIO);
}

}  // namespace
}  // namespace tendril
