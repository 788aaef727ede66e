// SPDX-License-Identifier: MIT

#include <tendril/transfer_options.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/socket.hpp>
#include <tendril/udp_socket.hpp>

#include "errno_of.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;

struct Connection {
    Listener listener = listen("127.0.0.1:0");
    TcpSocket client = connect(listener.address());
    TcpSocket server = listener.accept();
};

TENDRIL_TEST(TransferOptions, APeekLeavesTheData) {
    Connection tcp;
    auto local = TcpSocket::pair();
    for (auto [a, b] : {std::pair(&tcp.client, &tcp.server), std::pair(&local.first, &local.second)}) {
        char buffer[10];
        auto peeker = spawn([&peer = *b, &buffer] { return peer.recv(buffer, {.peek = true}, 20s); });
        testing::until_waiting_for_io(1);
        EXPECT_THROW(b->recv(buffer, {.peek = true}), ConcurrentUse);
        a->send_all("hello");
        EXPECT_EQ(peeker.get(), 5u);
        EXPECT_EQ(b->recv({buffer, 2}, {.peek = true}, 20s), 2u);
        EXPECT_EQ(b->recv(buffer, {.peek = true}, 20s), 5u) << "a short peek has not emptied it";
        EXPECT_EQ(b->recv(buffer, 20s), 5u);
        EXPECT_EQ(std::string(buffer, 5), "hello");
        EXPECT_THROW(b->recv(buffer, {.peek = true}, 1ms), TimeoutError);
        auto killed = spawn([&peer = *b, &buffer] { peer.recv(buffer, {.peek = true}); });
        testing::until_waiting_for_io(1);
        a->send_all("again");
        killed.kill();
        EXPECT_EQ(b->recv(buffer, 20s), 5u) << "a kill took nothing";
        a->shutdown(Shutdown::write);
        EXPECT_EQ(b->recv(buffer, {.peek = true}, 20s), 0u);
        EXPECT_EQ(b->recv(buffer, 20s), 0u);
    }
}

TENDRIL_TEST(TransferOptions, DiscardedBytesAreCountedNotCopied) {
    Connection tcp;
    tcp.client.send_all("skip me, then this");
    char buffer[9] = "untouchd";
    EXPECT_EQ(tcp.server.recv(buffer, {.discard = true}, 20s), 9u);
    EXPECT_STREQ(buffer, "untouchd");
    EXPECT_EQ(tcp.server.recv(buffer, 20s), 9u);
    EXPECT_EQ(std::string(buffer, 9), "then this");
    EXPECT_THROW(tcp.server.recv(buffer, {.discard = true}, 1ms), TimeoutError);
}

TENDRIL_TEST(TransferOptions, MoreHoldsBackAndGluesDatagrams) {
    Connection tcp;
    tcp.client.send_all("head ", {.more = true});
    char buffer[20];
    EXPECT_EQ(tcp.server.try_recv(buffer), std::nullopt);
    tcp.client.send_all("body");
    EXPECT_EQ(tcp.server.recv_exactly({buffer, 9}, 20s), 9u);
    EXPECT_EQ(tcp.client.send("x", {.direct = true}), 1u);
    EXPECT_EQ(tcp.server.recv(buffer, 20s), 1u);
    UdpSocket server = UdpSocket::bound("127.0.0.1:0");
    UdpSocket client = UdpSocket::unbound(AF_INET);
    client.send_to("one ", server.local_address(), {.more = true});
    client.send_to("and ", server.local_address(), {.more = true});
    client.send_to("two", server.local_address(), {.direct = true, .confirm = true});
    EXPECT_EQ(std::string(buffer, server.recv(buffer, 20s).size), "one and two");
    UdpSocket connected = UdpSocket::connected(server.local_address());
    connected.send("a", {.more = true});
    connected.send("b");
    EXPECT_EQ(server.recv(buffer, 20s).size, 2u);
}

TENDRIL_TEST(TransferOptions, ADatagramsLengthIsKnownBeforeItIsRead) {
    UdpSocket server = UdpSocket::bound("127.0.0.1:0");
    UdpSocket client = UdpSocket::connected(server.local_address());
    EXPECT_THROW(server.recv(Buffer(), {.peek = true}, 1ms), TimeoutError);
    client.send("twelve bytes");
    const Datagram ahead = server.recv(Buffer(), {.peek = true}, 20s);
    EXPECT_EQ(ahead.length, 12u);
    EXPECT_TRUE(ahead.truncated);
    std::string whole(ahead.length, '\0');
    Address from;
    EXPECT_EQ(server.recv_from(whole, from, {.peek = true}, 20s).size, 12u);
    EXPECT_EQ(server.recv_from(whole, from, 20s).length, 12u);
    EXPECT_EQ(whole, "twelve bytes");
    EXPECT_EQ(from, client.local_address());
}

TENDRIL_TEST(TransferOptions, UrgentDataOvertakes) {
    Connection tcp;
    auto waiter = spawn([&] { return tcp.server.recv_urgent(20s); });
    while (!waiter.started()) {
        yield();
    }
    yield();
    tcp.client.send_all("before");
    tcp.client.send_urgent(std::byte('!'));
    tcp.client.send_all("after");
    EXPECT_EQ(waiter.get(), std::byte('!'));
    char buffer[20];
    EXPECT_FALSE(tcp.server.at_urgent_mark());
    EXPECT_EQ(tcp.server.recv_exactly({buffer, 6}, 20s), 6u);
    EXPECT_TRUE(tcp.server.at_urgent_mark());
    EXPECT_EQ(tcp.server.recv_exactly({buffer, 5}, 20s), 5u);
    EXPECT_EQ(std::string(buffer, 5), "after");
    EXPECT_THROW(tcp.server.recv_urgent(1ms), TimeoutError);
    auto killed = spawn([&] { tcp.server.recv_urgent(); });
    while (!killed.started()) {
        yield();
    }
    yield();
    killed.kill();
    tcp.client.send_urgent(std::byte('2'));
    EXPECT_EQ(tcp.server.recv_urgent(20s), std::byte('2')) << "a kill took nothing";
    auto end = spawn([&] { return tcp.server.recv_urgent(20s); });
    while (!end.started()) {
        yield();
    }
    yield();
    tcp.client.shutdown(Shutdown::write);
    EXPECT_EQ(end.get(), std::nullopt);
}

// With data that nobody reads, and with the end behind it.
TENDRIL_TEST(TransferOptions, UrgentDataIsAwaitedWhileDataLies) {
    Connection tcp;
    tcp.client.send_all("unread");
    auto waiter = spawn([&] { return tcp.server.recv_urgent(20s); });
    while (!waiter.started()) {
        yield();
    }
    yield();
    tcp.client.send_urgent(std::byte('!'));
    EXPECT_EQ(waiter.get(), std::byte('!'));
    auto end = spawn([&] { return tcp.server.recv_urgent(20s); });
    while (!end.started()) {
        yield();
    }
    yield();
    tcp.client.shutdown(Shutdown::write);
    EXPECT_EQ(end.get(), std::nullopt);
    EXPECT_THROW(tcp.client.recv_urgent(1ms), TimeoutError);
}

TENDRIL_TEST(TransferOptions, AResetIsNoEndOfUrgentData) {
    Connection tcp;
    auto waiter = spawn([&] { return errno_of([&] { tcp.server.recv_urgent(20s); }); });
    while (!waiter.started()) {
        yield();
    }
    yield();
    tcp.client.set(option::linger, 0s);
    tcp.client.close();
    EXPECT_EQ(waiter.get(), ECONNRESET);
    char c = 0;
    EXPECT_EQ(errno_of([&] { tcp.server.recv({&c, 1}, 20s); }), ECONNRESET) << "it has not been taken from recv()";
}

TENDRIL_TEST(TransferOptions, UrgentDataLetsOthersRun) {
    Connection tcp;
    int turns = 0;
    auto other = spawn([&] {
        for (;; ++turns) {
            yield();
        }
    });
    for (int i = 0; i < 1000 && turns < 3; ++i) {
        ASSERT_EQ(::send(tcp.client.fd(), "!", 1, MSG_OOB), 1);
        pollfd arrived{tcp.server.fd(), POLLPRI, 0};
        ASSERT_EQ(::poll(&arrived, 1, 20'000), 1);
        ASSERT_EQ(tcp.server.recv_urgent(20s), std::byte('!'));
    }
    EXPECT_GE(turns, 3);
    other.kill();
}

TENDRIL_TEST(TransferOptions, UrgentDataIsTcpsAndMayStayInline) {
    Connection tcp;
    tcp.server.set(option::urgent_inline, true);
    tcp.client.send_urgent(std::byte('!'));
    char c = 0;
    EXPECT_EQ(errno_of([&] { tcp.server.recv_urgent(20s); }), EINVAL);
    EXPECT_EQ(tcp.server.recv({&c, 1}, 20s), 1u);
    EXPECT_EQ(c, '!');
    tcp.server.set(option::urgent_inline, false);
    auto waiter = spawn([&] { return errno_of([&] { tcp.server.recv_urgent(); }); });
    while (!waiter.started()) {
        yield();
    }
    yield();
    tcp.server.close();
    EXPECT_EQ(waiter.get(), EBADF);
    EXPECT_EQ(errno_of([&] { tcp.server.recv_urgent(); }), EBADF);
}

}  // namespace
}  // namespace tendril
