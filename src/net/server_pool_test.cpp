// SPDX-License-Identifier: MIT
//
// Servers whose handlers are members of the caller's Pool (behaviours.md J3, J5).

#include <tendril/pool.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/stream_server.hpp>

#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

void echo(TcpSocket& client) {
    char buffer[256];
    while (const std::size_t n = client.recv(buffer)) {
        client.send_all({buffer, n});
    }
}

char ask(TcpSocket& socket, char c) {
    socket.send_all({&c, 1});
    EXPECT_EQ(socket.recv({&c, 1}, 20s), 1u);
    return c;
}

bool at_end(TcpSocket& socket) {
    char c = 0;
    return socket.recv({&c, 1}, 20s) == 0;
}

TENDRIL_TEST(ServePool, HandlersAreItsMembers) {
    Pool pool(10);
    StreamServer server("127.0.0.1:0", echo, {.concurrency = 0, .pool = &pool});
    server.start();
    TcpSocket a = connect(server.address());
    TcpSocket b = connect(server.address());
    EXPECT_EQ(ask(a, 'a'), 'a');
    EXPECT_EQ(ask(b, 'b'), 'b');
    EXPECT_EQ(pool.size(), 2u);
    EXPECT_EQ(server.running(), 2u);
    a.close();
    b.close();
    pool.join();
    EXPECT_EQ(server.running(), 0u);
    EXPECT_EQ(pool.free(), 10) << "no slot is held while no client comes";
    server.stop();
}

// TJ07 with a pool: its bound holds, and every client is served.
TENDRIL_TEST(ServePool, AFullPoolPausesAcceptingUntilASlotIsFree) {
    Pool pool(3);
    int at_once = 0;
    int most = 0;
    StreamServer server("127.0.0.1:0",
                        [&](TcpSocket& client) {
                            most = std::max(most, ++at_once);
                            echo(client);
                            --at_once;
                        },
                        {.pool = &pool});
    server.start();
    std::vector<Greenlet<void>> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(spawn([&] {
            TcpSocket s = connect(server.address());
            EXPECT_EQ(ask(s, 'a'), 'a');
            yield();
            EXPECT_EQ(ask(s, 'b'), 'b');
        }));
    }
    join_all(clients);
    EXPECT_EQ(most, 3);
    server.stop();
}

TENDRIL_TEST(ServePool, OthersJobsCountToo) {
    Pool pool(1);
    StreamServer server("127.0.0.1:0", echo, {.pool = &pool});
    server.start();
    Event done;
    pool.spawn([&] { done.wait(); });
    TcpSocket client = connect(server.address());
    client.send_all("x");
    char c = 0;
    EXPECT_THROW(client.recv({&c, 1}, 5ms), TimeoutError) << "the pool is full";
    EXPECT_EQ(server.running(), 0u);
    done.set();
    EXPECT_EQ(client.recv({&c, 1}, 20s), 1u);
    client.close();
    server.stop();
}

// First come, first served, servers included. Connections that arrive meanwhile do not cost a server its place in line.
TENDRIL_TEST(ServePool, ServingWaitsInLineWithOtherSpawners) {
    Pool pool(1);
    std::string order;
    StreamServer server("127.0.0.1:0",
                        [&](TcpSocket& client) {
                            order += 's';
                            echo(client);
                        },
                        {.pool = &pool});
    server.start();
    TcpSocket first = connect(server.address());
    EXPECT_EQ(ask(first, 'a'), 'a');
    while (pool.waiting() != 1) {
        yield();  // until the server stands in line
    }
    std::vector<Greenlet<void>> spawners;
    for (int i = 0; i < 3; ++i) {
        spawners.push_back(spawn([&] { pool.spawn([&] { order += 'j'; }); }));
    }
    while (pool.waiting() != 4) {
        yield();
    }
    TcpSocket second = connect(server.address());
    TcpSocket third = connect(server.address());
    testing::until_waiting_for_io(1);  // the handler; the two are in the backlog
    first.close();
    EXPECT_EQ(ask(second, 'b'), 'b');
    second.close();
    EXPECT_EQ(ask(third, 'c'), 'c');
    third.close();
    join_all(spawners);
    pool.join();
    EXPECT_EQ(order, "ssjjjs");
    server.stop();
}

TENDRIL_TEST(ServePool, ResizingLetsServingGoOn) {
    Pool pool(0);
    StreamServer server("127.0.0.1:0", echo, {.pool = &pool});
    server.start();
    TcpSocket client = connect(server.address());
    client.send_all("x");
    while (pool.waiting() != 1) {
        yield();
    }
    pool.resize(1);
    char c = 0;
    EXPECT_EQ(client.recv({&c, 1}, 20s), 1u);
    client.close();
    server.stop();
}

TENDRIL_TEST(ServePool, ItsKillEndsHandlersAndServingGoesOn) {
    Pool pool(2);
    StreamServer server("127.0.0.1:0", echo, {.pool = &pool});
    server.start();
    TcpSocket client = connect(server.address());
    EXPECT_EQ(ask(client, 'a'), 'a');
    EXPECT_TRUE(pool.kill());
    EXPECT_TRUE(at_end(client));
    TcpSocket next = connect(server.address());
    EXPECT_EQ(ask(next, 'b'), 'b');
    next.close();
    server.stop();
}

// A stop ends the handlers only; other members of the pool go on.
TENDRIL_TEST(ServePool, AStopEndsHandlersAndNoOtherMember) {
    Pool pool(2);
    StreamServer server("127.0.0.1:0", echo, {.pool = &pool});
    server.start();
    Event done;
    auto other = pool.spawn([&] { done.wait(); });
    TcpSocket client = connect(server.address());
    EXPECT_EQ(ask(client, 'a'), 'a');
    EXPECT_EQ(server.stop(1ms), 1u);
    EXPECT_TRUE(at_end(client));
    EXPECT_FALSE(other.ready());
    done.set();
    pool.join();
}

TENDRIL_TEST(ServePool, AStopAKillAndAClosedListenerReachWhoWaitsInLine) {
    Pool pool(0);
    StreamServer server("127.0.0.1:0", echo, {.pool = &pool});
    server.start();
    Listener listener = listen("127.0.0.1:0");
    auto closed = spawn([&] { serve(listener, echo, {.pool = &pool}); });
    Listener other = listen("127.0.0.1:0");
    auto killed = spawn([&] { serve(other, echo, {.pool = &pool}); });
    while (pool.waiting() != 3) {
        yield();
    }
    EXPECT_EQ(server.stop(20s), 0u);
    listener.close();
    closed.get();
    killed.kill();
    EXPECT_EQ(pool.waiting(), 0u);
    EXPECT_EQ(pool.running(), 0u);
}

TENDRIL_TEST(ServePool, APausedServerStandsInNoLine) {
    Pool pool(1);
    StreamServer server("127.0.0.1:0", echo, {.pool = &pool});
    server.start();
    Event done;
    pool.spawn([&] { done.wait(); });
    while (pool.waiting() != 1) {
        TcpSocket client = connect(server.address());
        yield();
    }
    server.stop_accepting();
    while (pool.waiting() != 0) {
        yield();
    }
    done.set();
    pool.join();
    EXPECT_EQ(pool.free(), 1);
    server.start_accepting();
    TcpSocket client = connect(server.address());
    EXPECT_EQ(ask(client, 'a'), 'a');
    client.close();
    server.stop(20s);
}

TENDRIL_TEST(ServePool, IsRefusedWithSeveralHubs) {
    Pool pool(1);
    EXPECT_THROW(StreamServer("127.0.0.1:0", echo, {.pool = &pool, .hubs = 2}), std::invalid_argument);
    EXPECT_THROW(StreamServer("127.0.0.1:0", echo, {.pool = &pool, .hubs = 0}), std::invalid_argument);
}

TENDRIL_TEST(ServePoolThreads, IsRefusedInAnotherOsThread) {
    Pool pool(1);
    pool.spawn([] {}).get();
    std::thread([&] { EXPECT_THROW(StreamServer("127.0.0.1:0", echo, {.pool = &pool}), WrongThread); }).join();
}

}  // namespace
}  // namespace tendril
