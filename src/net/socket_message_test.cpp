// SPDX-License-Identifier: MIT

#include <tendril/socket_message.hpp>

#include <fcntl.h>
#include <sys/resource.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/pipe.hpp>

#include "errno_of.hpp"
#include "faults.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;

TENDRIL_TEST(SocketMessage, BringsDescriptorsWithItsBytes) {
    auto ends = TcpSocket::pair();
    TcpSocket& a = ends.first;
    TcpSocket& b = ends.second;
    Pipe pipe = make_pipe();
    const std::vector<int> fds{pipe.writer.fd(), pipe.reader.fd()};
    char buffer[100];
    SocketMessage got;
    auto receiver = spawn([&] { got = recv_message(b, buffer, 2, 20s); });
    testing::until_waiting_for_io(1);
    send_message(a, "two", fds, 20s);
    receiver.get();
    EXPECT_EQ(std::string(buffer, got.size), "two");
    EXPECT_FALSE(got.descriptors_lost);
    ASSERT_EQ(got.descriptors.size(), 2u);
    EXPECT_NE(::fcntl(got.descriptors[0].get(), F_GETFD) & FD_CLOEXEC, 0);
    pipe.writer.close();
    PipeWriter copy(std::move(got.descriptors[0]));
    copy.send_all("through the copy");
    EXPECT_EQ(pipe.reader.recv(buffer, 20s), 16u);
    copy.close();
    EXPECT_EQ(pipe.reader.recv(buffer, 20s), 0u) << "no other copy is left";
    send_message(a, "none", {}, 20s);
    got = recv_message(b, buffer, 2, 20s);
    EXPECT_EQ(got.size, 4u);
    EXPECT_TRUE(got.descriptors.empty());
    a.close();
    EXPECT_EQ(recv_message(b, buffer, 2, 20s).size, 0u) << "the end";
}

TENDRIL_TEST(SocketMessage, WhatIsNotWantedIsNotLeftOpen) {
    auto ends = TcpSocket::pair();
    TcpSocket& a = ends.first;
    TcpSocket& b = ends.second;
    Pipe pipe = make_pipe();
    const std::vector<int> fds(7, pipe.writer.fd());
    const std::size_t before = testing::count_descriptors();
    char buffer[100];
    for (const std::size_t wanted : {0, 1, 3, 7, 1000}) {
        send_message(a, "x", fds);
        const SocketMessage got = recv_message(b, buffer, wanted, 20s);
        EXPECT_EQ(got.descriptors.size(), std::min<std::size_t>(wanted, 7));
        EXPECT_EQ(got.descriptors_lost, wanted < 7);
        EXPECT_EQ(testing::count_descriptors(), before + got.descriptors.size());
    }
    send_message(a, "x", fds);
    EXPECT_EQ(b.recv(buffer, 20s), 1u);
    EXPECT_EQ(testing::count_descriptors(), before) << "a plain recv() takes no descriptors";
    send_message(a, "x", fds);
    b.close();
    pipe.writer.close();
    EXPECT_EQ(pipe.reader.recv(buffer, 20s), 0u) << "descriptors in flight were closed with the socket";
}

TENDRIL_TEST(SocketMessage, SaysThatThereWasNoRoomForThem) {
    auto ends = TcpSocket::pair();
    TcpSocket& a = ends.first;
    TcpSocket& b = ends.second;
    Pipe pipe = make_pipe();
    send_message(a, "x", std::vector<int>(3, pipe.writer.fd()));
    char c = 0;
    SocketMessage got;
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlimit full{1, limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &full), 0);
    got = recv_message(b, {&c, 1}, 3);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(got.size, 1u);
    EXPECT_TRUE(got.descriptors.empty());
    EXPECT_TRUE(got.descriptors_lost);
}

TENDRIL_TEST(SocketMessage, SendsManyBytesAndItsDescriptorsOnce) {
    auto ends = TcpSocket::pair();
    TcpSocket& a = ends.first;
    TcpSocket& b = ends.second;
    const std::string text(1'000'000, 'x');
    const std::vector<int> fds{a.fd()};
    auto sender = spawn([&] {
        send_message(a, text, fds, 20s);
        send_message(a, "end", fds, 20s);
        a.shutdown(Shutdown::write);
    });
    std::string got;
    std::size_t descriptors = 0;
    std::vector<char> buffer(5000);
    for (;;) {
        const SocketMessage m = recv_message(b, buffer, 9, 20s);
        if (m.size == 0) {
            break;
        }
        got.append(buffer.data(), m.size);
        descriptors += m.descriptors.size();
    }
    EXPECT_EQ(got, text + "end");
    EXPECT_EQ(descriptors, 2u);
    sender.get();
    try {
        send_message(b, text, fds, 2ms);
        ADD_FAILURE() << "the peer does not read";
    } catch (const TimeoutError& e) {
        EXPECT_GT(e.done(), 0u);
        EXPECT_LT(e.done(), text.size());
    }
}

TENDRIL_TEST(SocketMessage, RefusesWhatCannotGo) {
    auto ends = TcpSocket::pair();
    TcpSocket& a = ends.first;
    TcpSocket& b = ends.second;
    EXPECT_THROW(send_message(a, "", std::vector<int>{a.fd()}), std::invalid_argument);
    EXPECT_THROW(send_message(a, "x", std::vector<int>(254, a.fd())), std::invalid_argument);
    EXPECT_EQ(errno_of([&] { send_message(a, "x", std::vector<int>{-1}); }), EBADF);
    const testing::Faults faults({{.call = sys::Call::sendmsg, .fault = EINTR},
                                  {.call = sys::Call::sendmsg, .fault = ETOOMANYREFS},
                                  {.call = sys::Call::recvmsg, .fault = EINTR},
                                  {.call = sys::Call::recvmsg, .fault = ECONNRESET}});
    EXPECT_EQ(errno_of([&] { send_message(a, "x", std::vector<int>{a.fd()}); }), ETOOMANYREFS);
    a.send_all("x");
    char c = 0;
    EXPECT_EQ(errno_of([&] { recv_message(b, {&c, 1}, 1); }), ECONNRESET);
    EXPECT_TRUE(recv_message(b, Buffer(), 1).descriptors.empty());
    EXPECT_EQ(recv_message(b, {&c, 1}, 1).size, 1u);
}

}  // namespace
}  // namespace tendril
