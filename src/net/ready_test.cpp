// SPDX-License-Identifier: MIT
//
// Sockets, listeners and pipes in wait() and iwait(). Where others must have begun to wait: idle(), since a call may
// yield before it waits.

#include <tendril/get_any.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/pipe.hpp>
#include <tendril/queue.hpp>
#include <tendril/socket.hpp>
#include <tendril/udp_socket.hpp>
#include <tendril/wait.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(Ready, AListenerAndItsSocketsAreWaitable) {
    Listener listener = listen("127.0.0.1:0");
    EXPECT_FALSE(listener.ready());
    EXPECT_TRUE(wait({&listener}, 0s).empty());
    auto connecting = spawn([&] { return connect(listener.address()); });
    EXPECT_EQ(wait({&listener}).size(), 1u);
    TcpSocket server = listener.accept();
    TcpSocket client = std::move(connecting).get();
    EXPECT_FALSE(server.ready());

    Queue<int> queue;
    const auto waiter = spawn([&] { return wait({AnyWaitable(queue), AnyWaitable(server)}, never, 1).front(); });
    idle();
    client.send_all("x");
    EXPECT_TRUE(waiter.get().is(server));
    char byte = 0;
    EXPECT_EQ(server.recv({&byte, 1}), 1u) << "nothing was taken";
    EXPECT_FALSE(server.ready());

    const auto of_the_queue = spawn([&] { return wait({AnyWaitable(queue), AnyWaitable(server)}, never, 1).front(); });
    idle();
    queue.put(1);
    EXPECT_TRUE(of_the_queue.get().is(queue));

    const auto of_the_end = spawn([&] { return wait({&server}).size(); });
    idle();
    client.close();
    EXPECT_EQ(of_the_end.get(), 1u) << "the peer's end is something to receive";
    server.close();
    EXPECT_TRUE(server.ready()) << "recv() fails at once";
}

TENDRIL_TEST(Ready, ASocketThatIsClosedMeanwhileWakesItsWaiter) {
    Listener listener = listen("127.0.0.1:0");
    const auto waiter = spawn([&] { return wait({&listener}).size(); });
    idle();
    listener.close();
    EXPECT_EQ(waiter.get(), 1u);
}

TENDRIL_TEST(Ready, AReaderAndAWaiterOfOneSocket) {
    Listener listener = listen("127.0.0.1:0");
    TcpSocket client = connect(listener.address());
    TcpSocket server = listener.accept();
    const auto reader = spawn([&] {
        char byte = 0;
        return server.recv({&byte, 1});
    });
    const auto waiter = spawn([&] { return wait({&server}).size(); });
    idle();
    client.send_all("x");
    EXPECT_EQ(reader.get(), 1u);
    EXPECT_EQ(waiter.get(), 1u);
}

}  // namespace
}  // namespace tendril
