// SPDX-License-Identifier: MIT
//
// Sockets that another process has too, and makes blocking: a child that inherited one, or a peer that sent it here.
// Whether a socket blocks belongs to the open file, not to the descriptor.

#include <fcntl.h>

#include <array>
#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tendril/ancillary.hpp>
#include <tendril/seqpacket_socket.hpp>
#include <tendril/socket.hpp>
#include <tendril/socket_message.hpp>
#include <tendril/udp_socket.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

template <class S>
void make_blocking(const S& socket) {
    ASSERT_EQ(::fcntl(socket.fd(), F_SETFL, ::fcntl(socket.fd(), F_GETFL) & ~O_NONBLOCK), 0);
}

// The call is made until the socket has no room, or no data: it then ends by its deadline, and not never.
void expect_deadline(const std::function<void()>& call) {
    const auto repeat = [&] {
        for (;;) {
            call();
        }
    };
    EXPECT_THROW(repeat(), TimeoutError);
}

std::array<char, 1000> buffer;

TENDRIL_TEST(SharedSocket, AStreamNeverBlocks) {
    auto pair = TcpSocket::pair();
    TcpSocket& socket = pair.first;  // Clang captures no structured binding
    make_blocking(socket);
    const std::vector<Bytes> out{buffer, buffer};
    const std::vector<Buffer> in{buffer};
    expect_deadline([&] { socket.recv(buffer, 1ms); });
    expect_deadline([&] { socket.await_data(1ms); });
    expect_deadline([&] { socket.recv_parts(in, 1ms); });
    expect_deadline([&] { recv_message(socket, buffer, 1, 1ms); });
    expect_deadline([&] { recv_message(socket, buffer, RecvMessageOptions(), 1ms); });
    EXPECT_FALSE(socket.try_recv(buffer).has_value());
    expect_deadline([&] { socket.send(buffer, 1ms); });
    expect_deadline([&] { socket.send_parts(out, 1ms); });
    const int own = socket.fd();
    expect_deadline([&] { send_message(socket, buffer, std::span(&own, 1), 1ms); });
    expect_deadline([&] { send_message(socket, buffer, SendMessageOptions(), 1ms); });
    EXPECT_FALSE(socket.try_send(buffer).has_value());
}

TENDRIL_TEST(SharedSocket, DatagramsNeverBlock) {
    auto pair = UdpSocket::pair();
    UdpSocket& socket = pair.first;
    make_blocking(socket);
    Address from;
    expect_deadline([&] { socket.recv(buffer, 1ms); });
    expect_deadline([&] { socket.recv_from(buffer, from, 1ms); });
    expect_deadline([&] { recv_message(socket, buffer, {}, 1ms); });
    EXPECT_FALSE(socket.try_recv_from(buffer, from).has_value());
    expect_deadline([&] { socket.send(buffer, 1ms); });
    expect_deadline([&] { send_message(socket, buffer, {}, 1ms); });
}

TENDRIL_TEST(SharedSocket, SeqpacketsNeverBlock) {
    auto pair = SeqpacketSocket::pair();
    SeqpacketSocket& socket = pair.first;
    make_blocking(socket);
    expect_deadline([&] { static_cast<void>(socket.recv(buffer, 1ms)); });
    expect_deadline([&] { recv_message(socket, buffer, {}, 1ms); });
    expect_deadline([&] { socket.send(buffer, 1ms); });
    expect_deadline([&] { send_message(socket, buffer, {}, 1ms); });
}

}  // namespace
}  // namespace tendril
