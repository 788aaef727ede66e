// SPDX-License-Identifier: MIT

#include <tendril/ancillary.hpp>

#include <fcntl.h>
#include <linux/errqueue.h>
#include <net/if.h>
#include <netinet/in.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/pipe.hpp>
#include <tendril/timeout.hpp>

#include "errno_of.hpp"
#include "faults.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;

Address at(const char* ip, std::uint16_t port) {
    return Address::ip(ip, port);
}

// A server on all addresses answers from the one that it was asked at.
TENDRIL_TEST(Ancillary, AnswersFromTheAddressThatWasAsked) {
    UdpSocket server = UdpSocket::bound("0.0.0.0:0", {.settings = {{option::packet_info, true}}});
    const std::uint16_t port = server.local_address().port();
    UdpSocket client = UdpSocket::bound("127.0.0.1:0");
    client.send_to("x", at("127.0.0.5", port));
    char buffer[10];
    const ReceivedMessage m = recv_message(server, buffer, {}, 20s);
    EXPECT_EQ(m.size, 1u);
    EXPECT_EQ(m.from, client.local_address());
    ASSERT_TRUE(m.ancillary.packet.has_value());
    EXPECT_EQ(m.ancillary.packet->destination.ip(), "127.0.0.5");
    EXPECT_EQ(m.ancillary.packet->local.ip(), "127.0.0.5");
    EXPECT_EQ(m.ancillary.packet->interface, ::if_nametoindex("lo"));
    send_message(server, "y", {.to = m.from, .from = m.ancillary.packet->local});
    Address from;
    EXPECT_EQ(client.recv_from(buffer, from, 20s).size, 1u);
    EXPECT_EQ(from, at("127.0.0.5", port));
    send_message(server, "z", {.to = m.from, .from = at("127.0.0.9", 0), .interface = ::if_nametoindex("lo")});
    client.recv_from(buffer, from, 20s);
    EXPECT_EQ(from.ip(), "127.0.0.9");
    EXPECT_NE(errno_of([&] { send_message(server, "z", {.to = m.from, .from = at("192.0.2.77", 0)}); }), 0);
}

// The kernel would ignore such a source.
TENDRIL_TEST(Ancillary, ASourceIsOfTheReceiversVersion) {
    UdpSocket both = UdpSocket::bound("[::]:0");
    UdpSocket six = UdpSocket::bound("[::1]:0");
    UdpSocket four = UdpSocket::bound("127.0.0.1:0");
    const Address mapped = at("::ffff:127.0.0.9", 0);
    EXPECT_THROW(send_message(both, "x", {.to = six.local_address(), .from = at("127.0.0.1", 0)}),
                 std::invalid_argument);
    EXPECT_THROW(send_message(both, "x", {.to = six.local_address(), .from = mapped}), std::invalid_argument);
    EXPECT_THROW(send_message(both, "x", {.to = four.local_address(), .from = at("::1", 0)}), std::invalid_argument);
    UdpSocket sender = UdpSocket::bound("0.0.0.0:0");
    Address from;
    char buffer[10];
    for (const Address& source : {mapped, at("127.0.0.9", 0)}) {
        send_message(sender, "x", {.to = four.local_address(), .from = source});
        four.recv_from(buffer, from, 20s);
        EXPECT_EQ(from.ip(), "127.0.0.9");
    }
    EXPECT_EQ(errno_of([&] { send_message(both, "x", {.from = at("::1", 0)}); }), EDESTADDRREQ);
}

TENDRIL_TEST(Ancillary, KnowsBothVersionsOfIp) {
    UdpSocket server = UdpSocket::bound(
        "[::]:0",
        {.settings = {{option::packet_info, true}, {option::receive_hops, true}, {option::receive_class, true}}});
    const std::uint16_t port = server.local_address().port();
    char buffer[10];
    for (const char* ip : {"::1", "127.0.0.1"}) {
        UdpSocket client = UdpSocket::connected(at(ip, port));
        send_message(client, "x", {.hop_limit = 77, .traffic_class = 8});
        const ReceivedMessage m = recv_message(server, buffer, {}, 20s);
        EXPECT_EQ(m.ancillary.hop_limit, 77) << ip;
        EXPECT_EQ(m.ancillary.traffic_class, 8) << ip;
        ASSERT_TRUE(m.ancillary.packet.has_value());
        send_message(server, "y", {.to = m.from, .from = m.ancillary.packet->local, .hop_limit = 3});
        EXPECT_EQ(client.recv(buffer, 20s).size, 1u);
        EXPECT_FALSE(m.ancillary.truncated);
    }
    UdpSocket client = UdpSocket::connected(at("::1", port));
    EXPECT_EQ(errno_of([&] { send_message(client, "x", {.hop_limit = 1000}); }), EINVAL);
}

TENDRIL_TEST(Ancillary, SaysWhenADatagramCameAndWhatWasLost) {
    UdpSocket server =
        UdpSocket::bound("127.0.0.1:0", {.settings = {{option::receive_time, true}, {option::drop_count, true}}});
    UdpSocket client = UdpSocket::connected(server.local_address());
    const auto before = std::chrono::system_clock::now();
    client.send("a long one");
    char buffer[4];
    ReceivedMessage m = recv_message(server, buffer, {}, 20s);
    ASSERT_TRUE(m.ancillary.time.has_value());
    EXPECT_GE(*m.ancillary.time, before - 1s);
    EXPECT_LE(*m.ancillary.time, std::chrono::system_clock::now() + 1s);
    EXPECT_TRUE(m.truncated);
    EXPECT_EQ(m.size, 4u);
    EXPECT_EQ(m.length, 10u);
    server.set(option::receive_buffer, 1);  // the least that the system allows
    for (int i = 0; i < 1000; ++i) {
        client.send(std::string(1000, 'x'));
    }
    std::uint32_t dropped = 0;
    for (Address from; server.try_recv_from(buffer, from).has_value();) {
    }
    client.send("x");
    dropped = recv_message(server, buffer, {}, 20s).ancillary.dropped.value_or(0);
    EXPECT_GT(dropped, 0u);
}

TENDRIL_TEST(Ancillary, TheKernelVouchesForCredentials) {
    auto pair = UdpSocket::pair();
    auto& a = pair.first;  // Clang captures no structured binding
    auto& b = pair.second;
    b.set(option::credentials, true);
    const PeerCredentials me{::getpid(), ::getuid(), ::getgid()};
    char buffer[10];
    for (const bool told : {false, true}) {
        if (told) {
            send_message(a, "x", {.credentials = me});
        } else {
            a.send("x");
        }
        const ReceivedMessage m = recv_message(b, buffer, {}, 20s);
        ASSERT_TRUE(m.ancillary.credentials.has_value());
        EXPECT_EQ(m.ancillary.credentials->process, me.process);
        EXPECT_EQ(m.ancillary.credentials->user, me.user);
        EXPECT_EQ(m.ancillary.credentials->group, me.group);
    }
    EXPECT_EQ(errno_of([&] {
                  send_message(a, "x", {.credentials = PeerCredentials{INT_MAX, 0, 0}});
              }),
              ::geteuid() == 0 ? ESRCH : EPERM);
    auto [c, d] = TcpSocket::pair();
    d.set(option::credentials, true);
    send_message(c, "stream", SendMessageOptions{.credentials = me});
    const ReceivedMessage m = recv_message(d, buffer, RecvMessageOptions(), 20s);
    EXPECT_EQ(m.size, 6u);
    EXPECT_EQ(m.from, Address());
    EXPECT_EQ(m.ancillary.credentials.value().process, me.process);
    c.close();
    EXPECT_TRUE(recv_message(d, buffer, RecvMessageOptions(), 20s).ended);
}

// A descriptor of the sending process is owned too. Linux 6.5.
TENDRIL_TEST(Ancillary, TheSendingProcessMayComeAsADescriptor) {
    auto [a, b] = UdpSocket::pair();
    const SocketOption<bool> pass_process{SOL_SOCKET, 76, "SO_PASSPIDFD"};
    if (errno_of([&, &peer = b] { peer.set(pass_process, true); }) == ENOPROTOOPT) {
        return;
    }
    const std::size_t before = testing::count_descriptors();
    char buffer[10];
    a.send("x");
    a.send("y");
    {
        const ReceivedMessage m = recv_message(b, buffer, {}, 20s);
        EXPECT_TRUE(m.ancillary.process.is_open());
        EXPECT_EQ(testing::count_descriptors(), before + 1);
    }
    EXPECT_EQ(b.recv(buffer, 20s).size, 1u);
    EXPECT_EQ(testing::count_descriptors(), before);
}

TENDRIL_TEST(Ancillary, DescriptorsGoWithDatagramsAndNoneIsLeftOpen) {
    auto [a, b] = UdpSocket::pair();
    auto [c, d] = SeqpacketSocket::pair();
    Pipe pipe = make_pipe();
    const std::vector<int> fds(7, pipe.writer.fd());
    const std::size_t before = testing::count_descriptors();
    char buffer[10];
    for (const std::size_t wanted : {0, 1, 3, 7, 1000}) {
        send_message(a, "x", {.descriptors = fds});
        send_message(c, "y", {.descriptors = fds});
        const ReceivedMessage m = recv_message(b, buffer, {.most_descriptors = wanted}, 20s);
        const ReceivedMessage n = recv_message(d, buffer, {.most_descriptors = wanted}, 20s);
        for (const ReceivedMessage* each : {&m, &n}) {
            EXPECT_EQ(each->ancillary.descriptors.size(), std::min<std::size_t>(wanted, 7));
            EXPECT_EQ(each->ancillary.truncated, wanted < 7);
            EXPECT_FALSE(each->ended);
            for (const Fd& fd : each->ancillary.descriptors) {
                EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
            }
        }
        EXPECT_EQ(testing::count_descriptors(), before + 2 * std::min<std::size_t>(wanted, 7));
    }
    send_message(a, "x", {.descriptors = fds});
    EXPECT_EQ(recv_message(b, buffer, {.most_descriptors = 7, .peek = true}, 20s).ancillary.descriptors.size(), 7u);
    EXPECT_EQ(testing::count_descriptors(), before) << "those of the peek";
    const ReceivedMessage taken = recv_message(b, buffer, {.most_descriptors = 7}, 20s);
    PipeWriter copy{Fd(::dup(taken.ancillary.descriptors[6].get()))};
    copy.send_all("through");
    EXPECT_EQ(pipe.reader.recv(buffer, 20s), 7u);
}

// A kill or a timeout in the wait takes no message, so no descriptor.
// A message without bytes whose descriptors nobody asked for is not the end, even if the peer has closed behind it.
TENDRIL_TEST(Ancillary, RefusedDescriptorsAreNoEnd) {
    auto [a, b] = SeqpacketSocket::pair();
    char buffer[10];
    const int number = b.fd();
    send_message(a, "", {.descriptors = {&number, 1}});
    a.close();
    const ReceivedMessage m = recv_message(b, buffer, {}, 20s);
    EXPECT_TRUE(m.ancillary.truncated);
    EXPECT_FALSE(m.ended);
    EXPECT_TRUE(recv_message(b, buffer, {}, 20s).ended);
}

TENDRIL_TEST(Ancillary, AnInterruptTakesNothing) {
    auto ends = UdpSocket::pair();
    UdpSocket& a = ends.first;
    UdpSocket& b = ends.second;
    const int fd = a.fd();
    const std::size_t before = testing::count_descriptors();
    char buffer[10];
    const RecvMessageOptions one{.most_descriptors = 1};
    EXPECT_THROW(recv_message(b, buffer, one, 1ms), TimeoutError);
    for (const bool arrives_too : {false, true}) {
        auto waiter = spawn([&] { recv_message(b, buffer, one); });
        testing::until_waiting_for_io(1);
        EXPECT_THROW(recv_message(b, buffer, one), ConcurrentUse);
        if (arrives_too) {
            send_message(a, "x", {.descriptors = {&fd, 1}});
        }
        waiter.kill();
        EXPECT_EQ(testing::count_descriptors(), before);
    }
    EXPECT_EQ(recv_message(b, buffer, one, 20s).ancillary.descriptors.size(), 1u) << "it was not lost";
    EXPECT_EQ(testing::count_descriptors(), before);
    auto waiter = spawn([&] { return errno_of([&] { recv_message(b, buffer, one); }); });
    testing::until_waiting_for_io(1);
    b.close();
    EXPECT_EQ(waiter.get(), EBADF);
}

TENDRIL_TEST(Ancillary, OtherKindsPassAsTheyAre) {
    UdpSocket server = UdpSocket::bound("127.0.0.1:0", {.settings = {{option::receive_hops, true}}});
    UdpSocket client = UdpSocket::connected(server.local_address());
    const int hops = 33;
    const ControlMessage ttl{IPPROTO_IP, IP_TTL, {reinterpret_cast<const char*>(&hops), sizeof hops}};
    send_message(client, "x", {.others = {&ttl, 1}});
    char buffer[10];
    EXPECT_EQ(recv_message(server, buffer, {}, 20s).ancillary.hop_limit, 33);
    const SocketOption<bool> old_time{SOL_SOCKET, SO_TIMESTAMP, "SO_TIMESTAMP"};  // has no type: microseconds
    server.set(old_time, true);
    client.send("y");
    client.send("z");
    const ReceivedMessage y = recv_message(server, buffer, {.other_bytes = 100}, 20s);
    ASSERT_EQ(y.ancillary.others.size(), 1u);
    EXPECT_EQ(y.ancillary.others[0].level, SOL_SOCKET);
    EXPECT_EQ(y.ancillary.others[0].type, SCM_TIMESTAMP);
    EXPECT_EQ(y.ancillary.others[0].data.size(), sizeof(timeval));
    EXPECT_TRUE(recv_message(server, buffer, {}, 20s).ancillary.others.empty());
}

TENDRIL_TEST(Ancillary, TheNetworksAnswersCanBeReadOneByOne) {
    UdpSocket gone = UdpSocket::bound("127.0.0.1:0");
    const Address nobody = gone.local_address();
    gone.close();
    UdpSocket client = UdpSocket::bound("127.0.0.1:0", {.settings = {{option::queue_errors, true}}});
    char buffer[10];
    EXPECT_FALSE(recv_error(client, buffer).has_value());
    client.send_to("lost", nobody);
    EXPECT_EQ(errno_of([&] { client.recv(buffer, 20s); }), ECONNREFUSED);
    EXPECT_THROW(client.recv(buffer, 2ms), TimeoutError) << "what is in the queue stops neither deadlines nor others";
    const auto begun = [](const auto& green) {
        while (!green.started()) {
            yield();
        }
        yield();
    };
    auto killed = spawn([&] { client.recv(buffer); });
    begun(killed);
    EXPECT_THROW(client.recv(buffer), ConcurrentUse);
    killed.kill();
    auto served = spawn([&] { return client.recv(buffer, 20s).size; });
    begun(served);
    UdpSocket::connected(client.local_address()).send("data");
    EXPECT_EQ(served.get(), 4u);
    const std::optional<ReceivedMessage> m = recv_error(client, buffer);
    ASSERT_TRUE(m.has_value());
    EXPECT_EQ(std::string(buffer, m->size), "lost");
    EXPECT_EQ(m->from, nobody);
    ASSERT_TRUE(m->ancillary.error.has_value());
    EXPECT_EQ(m->ancillary.error->error, ECONNREFUSED);
    EXPECT_EQ(m->ancillary.error->origin, SO_EE_ORIGIN_ICMP);
    EXPECT_EQ(m->ancillary.error->reporter.ip(), "127.0.0.1");
    EXPECT_FALSE(recv_error(client, buffer).has_value());
    EXPECT_THROW(client.recv(buffer, 1ms), TimeoutError);
    client.send_to("lost too", nobody);
    EXPECT_EQ(errno_of([&] { client.recv(buffer, 20s); }), ECONNREFUSED);
    auto closed = spawn([&] { return errno_of([&] { client.recv(buffer); }); });
    begun(closed);
    client.close();
    EXPECT_EQ(closed.get(), EBADF);
}

TENDRIL_TEST(Ancillary, AUnixSocketHasNoErrorsToRead) {
    auto [a, b] = UdpSocket::pair();
    char buffer[10];
    a.send("data");
    EXPECT_FALSE(recv_error(b, buffer).has_value());
    EXPECT_EQ(b.recv(buffer, 20s).size, 4u) << "it was not taken";
}

TENDRIL_TEST(Ancillary, WaitsForAFullReceiver) {
    const Address name = Address::parse("unix:@tendril-ancillary-" + std::to_string(::getpid()));
    UdpSocket server = UdpSocket::bound(name);
    UdpSocket client = UdpSocket::unbound(AF_UNIX);
    constexpr int count = 100;  // the queue holds fewer: net.unix.max_dgram_qlen
    auto sender = spawn([&] {
        for (int i = 0; i < count; ++i) {
            send_message(client, {&i, sizeof i}, {.to = name});
        }
    });
    for (int i = 0; i < count; ++i) {
        int got = -1;
        EXPECT_EQ(recv_message(server, {&got, sizeof got}, {}, 20s).size, sizeof got);
        EXPECT_EQ(got, i);
    }
    sender.get();
    const auto fill = [&] {
        for (;;) {
            send_message(client, "x", {.to = name}, 0s);
        }
    };
    EXPECT_THROW(fill(), TimeoutError);
    auto late = spawn([&] { send_message(client, "x", {.to = name}); });
    yield();
    late.kill();
}

TENDRIL_TEST(Ancillary, AMessageMayLieInSeveralPlaces) {
    auto [a, b] = UdpSocket::pair();
    auto [c, d] = SeqpacketSocket::pair();
    const std::vector<Bytes> out{"head ", "", "and body"};
    char head[5];
    char rest[20];
    const std::vector<Buffer> in{head, Buffer(), rest};
    send_message(a, out);
    send_message(c, out);
    EXPECT_EQ(recv_message(b, in, {}, 20s).size, 13u);
    EXPECT_EQ(std::string(head, 5) + std::string(rest, 8), "head and body");
    EXPECT_EQ(recv_message(d, in, {}, 20s).size, 13u);
    EXPECT_THROW(send_message(a, std::vector<Bytes>(17, "x")), std::invalid_argument);
    send_message(a, std::vector<Bytes>(16, "x"));
    EXPECT_EQ(recv_message(b, in, {.peek = true}, 20s).length, 16u);
    EXPECT_THROW(recv_message(b, std::vector<Buffer>(17, head), {}, 20s), std::invalid_argument);
    EXPECT_TRUE(recv_message(b, std::span(in.data(), 1), {}, 20s).truncated);
}

TENDRIL_TEST(Ancillary, RefusesWhatCannotGo) {
    auto pair = UdpSocket::pair();
    auto& a = pair.first;  // Clang captures no structured binding
    auto [c, d] = SeqpacketSocket::pair();
    auto [e, f] = TcpSocket::pair();
    UdpSocket ip = UdpSocket::bound("127.0.0.1:0");
    const Address to = ip.local_address();
    EXPECT_THROW(send_message(a, "x", {.descriptors = std::vector<int>(254, a.fd())}), std::invalid_argument);
    EXPECT_THROW(send_message(a, "x", {.from = to}), std::invalid_argument);
    EXPECT_THROW(send_message(c, "x", {.to = to}), std::invalid_argument);
    EXPECT_THROW(send_message(c, "x", {.hop_limit = 3}), std::invalid_argument);
    EXPECT_THROW(send_message(e, "", SendMessageOptions()), std::invalid_argument);
    EXPECT_THROW(send_message(ip, "x", {.to = to, .from = Address::parse("unix:@x")}), std::invalid_argument);
    const std::vector<ControlMessage> many(100, ControlMessage{SOL_SOCKET, 99, std::string(100, 'x')});
    EXPECT_THROW(send_message(ip, "x", {.to = to, .others = many}), std::invalid_argument);
    const ControlMessage huge{SOL_SOCKET, 99, std::string(1 << 20, 'x')};
    EXPECT_THROW(send_message(ip, "x", {.to = to, .others = {&huge, 1}}), std::invalid_argument);
    const int bad = -1;
    EXPECT_EQ(errno_of([&] { send_message(a, "x", {.descriptors = {&bad, 1}}); }), EBADF);
    const testing::Faults faults({{.call = sys::Call::recvmsg, .fault = EINTR},
                                  {.call = sys::Call::recvmsg, .fault = EAGAIN},
                                  {.call = sys::Call::recvmsg, .fault = ENOMEM},
                                  {.call = sys::Call::sendmsg, .fault = EINTR},
                                  {.call = sys::Call::sendmsg, .fault = ENOBUFS}});
    EXPECT_EQ(errno_of([&] { send_message(ip, "x", {.to = to}); }), ENOBUFS);
    ip.send_to("x", to);
    char buffer[10];
    EXPECT_EQ(errno_of([&] { recv_message(ip, buffer, {}, 20s); }), ENOMEM);
    EXPECT_EQ(recv_message(ip, buffer, {}, 20s).size, 1u);
}

}  // namespace
}  // namespace tendril
