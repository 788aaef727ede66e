// SPDX-License-Identifier: MIT
//
// A StreamServer in the child of a fork(): the green thread that served is the parent's, and no call waits for it.

#include <sys/wait.h>

#include <functional>

#include <gtest/gtest.h>

#include <tendril/async_result.hpp>
#include <tendril/datagram_server.hpp>
#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/message_pipe.hpp>
#include <tendril/socket.hpp>
#include <tendril/stream_server.hpp>
#include <tendril/udp_socket.hpp>
#include <tendril/wait.hpp>
#include <tendril/watchers.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// Returns: what `body` returns in the child, which is its exit status.
int in_child(const std::function<int()>& body) {
    const pid_t pid = fork();
    if (pid == 0) {
        int status = 99;
        try {
            status = body();
        } catch (...) {
            status = 98;
        }
        ::_exit(status);
    }
    AsyncResult<int> result;
    const Child child(pid, [&](const ChildStatus& s) { result.set(s.signal != 0 ? 1000 + s.signal : s.code); });
    return result.get(60s);
}

TENDRIL_TEST(ForkOfAServer, TheChildsHasEnded) {
    StreamServer server("127.0.0.1:0", [](TcpSocket& client) { client.await_data(); });
    server.start();
    TcpSocket client = connect(server.address());
    while (server.running() == 0) {
        sleep(1ms);
    }
    const auto forever = spawn([&] { server.serve_forever(); });
    yield();
    EXPECT_EQ(in_child([&] {
                  const bool over = !server.is_running() && server.running() == 0;
                  server.serve_forever();  // returns
                  server.stop(1s);
                  return over ? 7 : 1;
              }),
              7);
    EXPECT_TRUE(server.is_running()) << "the parent's goes on";
    EXPECT_EQ(server.running(), 1u);
    server.stop(0s);
    forever.get();
}

TENDRIL_TEST(ForkOfAServer, ItsDestructorDoesNotWaitInTheChild) {
    EXPECT_EQ(in_child([] {
                  StreamServer server("127.0.0.1:0", [](TcpSocket&) {});
                  server.start();
                  yield();
                  const pid_t grandchild = fork();
                  if (grandchild != 0) {
                      int status = 0;
                      ::waitpid(grandchild, &status, 0);
                      return WIFEXITED(status) ? WEXITSTATUS(status) : 90;
                  }
                  return 7;
              }),
              7);
}

TENDRIL_TEST(ForkOfAServer, TheChildsDatagramServerHasEnded) {
    DatagramServer server(UdpSocket::bound("127.0.0.1:0"), [](Bytes, const Address&) {});
    server.start();
    yield();
    EXPECT_EQ(in_child([&] {
                  const bool over = !server.is_running();
                  server.serve_forever();  // returns
                  return over ? 7 : 1;
              }),
              7);
    EXPECT_TRUE(server.is_running()) << "the parent's goes on";
}

TENDRIL_TEST(ForkOfAServer, AMessagePipeIsTheChildsAlone) {
    auto [ours, theirs] = MessagePipe::pair();
    const auto reader = spawn([&ours = ours] { return ours.recv().has_value(); });
    yield();
    theirs.send("x");
    EXPECT_EQ(in_child([&ours = ours, &theirs = theirs] {
                  theirs.send("y");
                  return ours.recv().has_value() ? 7 : 1;  // the parent's reader is not here
              }),
              7);
    theirs.send("z");
    EXPECT_TRUE(reader.get());
}

TENDRIL_TEST(MessagePipeReady, WhenAMessageHasCome) {
    auto [ours, theirs] = MessagePipe::pair();
    EXPECT_FALSE(ours.ready());
    const auto waiter = spawn([&ours = ours] { return wait({&ours}).size(); });
    yield();
    theirs.send("x");
    EXPECT_EQ(waiter.get(), 1u);
    EXPECT_EQ(ours.recv()->bytes, "x");
    EXPECT_FALSE(ours.ready());
    ours.close();
    EXPECT_TRUE(ours.ready());
}

}  // namespace
}  // namespace tendril
