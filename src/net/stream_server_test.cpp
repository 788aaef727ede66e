// SPDX-License-Identifier: MIT

#include <tendril/stream_server.hpp>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/proxy_protocol.hpp>
#include <tendril/tls.hpp>

#include "certificates.hpp"
#include "errno_of.hpp"
#include "faults.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;

void echo(Stream& client) {
    char buffer[256];
    while (const std::size_t n = client.recv(buffer)) {
        client.send_all({buffer, n});
    }
}

char ask(Stream& socket, char c) {
    socket.send_all({&c, 1});
    EXPECT_EQ(socket.recv({&c, 1}, 20s), 1u);
    return c;
}

bool at_end(Stream& socket) {
    char c = 0;
    return socket.recv({&c, 1}, 20s) == 0;
}

// TJ01, TJ02: from an address and from an existing listener; a stop closes what is left.
TENDRIL_TEST(StreamServer, StartsAndStops) {
    StreamServer by_address("127.0.0.1:0", [](TcpSocket& client) { echo(client); });
    StreamServer by_listener(listen("127.0.0.1:0"), [](TcpSocket& client, const Address&) { echo(client); });
    for (StreamServer* server : {&by_address, &by_listener}) {
        EXPECT_FALSE(server->is_running());
        server->start();
        server->start();  // it runs already
        EXPECT_TRUE(server->is_running());
        TcpSocket client = connect(server->address());
        EXPECT_EQ(ask(client, 'a'), 'a');
        EXPECT_EQ(server->running(), 1u);
        const Address at = server->address();
        EXPECT_EQ(server->stop(1ms), 1u) << "one handler had to be killed";
        EXPECT_EQ(server->stop(), 1u);
        EXPECT_FALSE(server->is_running());
        EXPECT_TRUE(at_end(client));
        EXPECT_EQ(errno_of([&] { connect(at); }), ECONNREFUSED);
        EXPECT_THROW(server->start(), std::logic_error);
    }
}

TENDRIL_TEST(StreamServer, HandlersHaveTheDrainToEnd) {
    StreamServer server("127.0.0.1:0", [](TcpSocket& client) { echo(client); });
    server.start();
    TcpSocket client = connect(server.address());
    EXPECT_EQ(ask(client, 'a'), 'a');
    auto stopper = spawn([&] { return server.stop(20s); });
    EXPECT_FALSE(stopper.join(5ms));
    EXPECT_EQ(ask(client, 'b'), 'b');
    client.close();
    EXPECT_EQ(stopper.get(), 0u);
}

TENDRIL_TEST(StreamServer, IdleConnectionsDoNotHoldUpAStop) {
    StreamServer server("127.0.0.1:0", [](TcpSocket& client, const Address&, Serving& serving) {
        char c = 0;
        while (true) {
            {
                const Serving::Idle idle(serving);
                if (client.recv({&c, 1}) == 0) {
                    return;
                }
            }
            client.send_all({&c, 1});
            if (c == 'w') {  // simulates long work
                client.recv({&c, 1});
                client.send_all({&c, 1});
                EXPECT_TRUE(serving.stopping());
            }
        }
    });
    server.start();
    TcpSocket idle = connect(server.address());
    TcpSocket working = connect(server.address());
    EXPECT_EQ(ask(idle, 'a'), 'a');
    EXPECT_EQ(ask(working, 'w'), 'w');
    auto stopper = spawn([&] { return server.stop(20s); });
    EXPECT_TRUE(at_end(idle));
    EXPECT_EQ(ask(working, 'x'), 'x');
    EXPECT_TRUE(at_end(working)) << "idle again";
    EXPECT_EQ(stopper.get(), 0u);
}

TENDRIL_TEST(StreamServer, AnIdleConnectionMayKeepItsPlaceAndEndsWithTheServerAllTheSame) {
    StreamServer server("127.0.0.1:0",
                        [](TcpSocket& client, const Address&, Serving& serving) {
                            char c = 0;
                            client.recv({&c, 1});
                            client.send_all({&c, 1});
                            const Serving::Idle idle(serving, c == 'k' ? IdlePlace::kept : IdlePlace::yielded);
                            client.recv({&c, 1});
                            client.send_all({&c, 1});
                        },
                        {.concurrency = 2});
    server.start();
    TcpSocket kept = connect(server.address());
    EXPECT_EQ(ask(kept, 'k'), 'k');
    TcpSocket yielded = connect(server.address());
    EXPECT_EQ(ask(yielded, 'y'), 'y');
    TcpSocket late = connect(server.address());
    EXPECT_EQ(ask(late, 'k'), 'k') << "in the place of the one that yields";
    EXPECT_TRUE(at_end(yielded));
    EXPECT_EQ(server.stop(1h), 0u);
    EXPECT_TRUE(at_end(kept));
    EXPECT_TRUE(at_end(late));
}

// The innermost Idle counts, and what was said before is restored, by a stop's kill too.
TENDRIL_TEST(StreamServer, IdleScopesNest) {
    int left = 0;
    StreamServer server("127.0.0.1:0",
                        [&](TcpSocket& client, const Address&, Serving& serving) {
                            const Serving::Idle outer(serving, IdlePlace::kept);
                            char c = 0;
                            client.recv({&c, 1});
                            client.send_all({&c, 1});
                            if (c == 'n') {
                                const Serving::Idle inner(serving);
                                sleep();
                            }
                            try {
                                Event().wait();
                            } catch (const GreenletExit&) {
                                ++left;
                                yield();  // a second kill would be thrown here
                                throw;
                            }
                        },
                        {.concurrency = 2});
    server.start();
    TcpSocket plain = connect(server.address());
    TcpSocket nested = connect(server.address());
    EXPECT_EQ(ask(plain, 'p'), 'p');
    EXPECT_EQ(ask(nested, 'n'), 'n');
    TcpSocket late = connect(server.address());
    EXPECT_FALSE(late.ready());
    EXPECT_EQ(server.stop(1h), 0u);
    EXPECT_EQ(left, 2);
}

TENDRIL_TEST(StreamServer, ServeForeverEndsByAStopAKillOrStopServe) {
    for (const int how : {0, 1, 2}) {
        StreamServer server("127.0.0.1:0", [](TcpSocket& client) {
            char c = 0;
            client.recv({&c, 1});
            if (c == '.') {
                throw StopServe();
            }
        });
        auto forever = spawn([&] { server.serve_forever(); });
        yield();
        TcpSocket client = connect(server.address());
        switch (how) {
        case 0:
            server.stop(0s);
            break;
        case 1:
            forever.kill();
            break;
        default:
            client.send_all(".");
        }
        forever.join();
        EXPECT_TRUE(at_end(client));
        EXPECT_FALSE(server.is_running());
    }
}

// TJ06: eventlet's policy: a handler's error ends the server, and serve_forever() throws it.
TENDRIL_TEST(StreamServer, AHandlersErrorMayEndIt) {
    StreamServer server("127.0.0.1:0", [](TcpSocket&) { throw std::runtime_error("bad"); },
                        {.on_error = OnHandlerError::end});
    auto forever = spawn([&] { server.serve_forever(); });
    yield();
    TcpSocket client = connect(server.address());
    EXPECT_TRUE(at_end(client));
    EXPECT_THROW(forever.get(), std::runtime_error);
}

TENDRIL_TEST(StreamServer, AnErrorOfAnyTypeMayEndIt) {
    StreamServer server("127.0.0.1:0", [](TcpSocket&) { throw 5; }, {.on_error = OnHandlerError::end});
    auto forever = spawn([&] { server.serve_forever(); });
    yield();
    TcpSocket client = connect(server.address());
    EXPECT_TRUE(at_end(client));
    EXPECT_THROW(forever.get(), int);
}

TENDRIL_TEST(StreamServer, PausesAccepting) {
    StreamServer server("127.0.0.1:0", [](TcpSocket& client) { echo(client); });
    server.start();
    yield();
    server.stop_accepting();
    TcpSocket client = connect(server.address());
    client.send_all("a");
    char c = 0;
    EXPECT_THROW(client.recv({&c, 1}, 5ms), TimeoutError);
    server.start_accepting();
    EXPECT_EQ(client.recv({&c, 1}, 20s), 1u);
}

// TJ05, TI16: the handshake is made in the handler's green thread; a failure or a silent client concerns only its own
// connection.
TENDRIL_TEST(StreamServer, ServesTls) {
    const TlsContext context({.server_side = true,
                              .certificate = testing::server_identity().certificate,
                              .key = testing::server_identity().key});
    StreamServer server(wrap_ssl(listen("127.0.0.1:0"), context), [](TlsSocket& client) { echo(client); });
    server.start();
    TcpSocket silent = connect(server.address());
    TcpSocket garbage = connect(server.address());
    garbage.send_all("GET / HTTP/1.1\r\n\r\n");
    char buffer[64];
    while (garbage.recv(buffer, 20s) > 0) {  // an alert, perhaps
    }
    const TlsContext trusting({.ca_file = testing::authority().certificate()});
    TlsSocket client = wrap_ssl(connect(server.address()), trusting, {.server_name = "localhost"}, 20s);
    EXPECT_EQ(ask(client, 'a'), 'a');
    EXPECT_EQ(testing::take_unhandled().size(), 1u) << "the garbage was reported";
    EXPECT_EQ(server.running(), 2u);
    server.stop(0s);
    EXPECT_TRUE(at_end(silent));
}

TENDRIL_TEST(StreamServer, AHandshakeHasATimeout) {
    const TlsContext context({.server_side = true,
                              .certificate = testing::server_identity().certificate,
                              .key = testing::server_identity().key});
    StreamServer server(wrap_ssl(listen("127.0.0.1:0"), context), [](TlsSocket& client) { echo(client); },
                        {.handshake_timeout = 5ms});
    server.start();
    TcpSocket silent = connect(server.address());
    EXPECT_TRUE(at_end(silent));
    const auto errors = testing::take_unhandled();
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_NE(errors[0].find("TLS handshake"), std::string::npos) << errors[0];
}

TENDRIL_TEST(StreamServer, LearnsTheClientFromAProxy) {
    Address seen;
    StreamServer server("127.0.0.1:0",
                        [&](TcpSocket& client, const Address& peer) {
                            seen = peer;
                            echo(client);
                        },
                        {.proxy_protocol = ProxyProtocol::required});
    server.start();
    for (const int version : {1, 2}) {
        TcpSocket client = connect(server.address());
        ProxyHeader header;
        header.version = version;
        header.source = Address::parse("192.0.2.1:1234");
        header.destination = Address::parse("192.0.2.2:80");
        client.send_all(make_proxy_header(header) + "a");
        char c = 0;
        EXPECT_EQ(client.recv({&c, 1}, 20s), 1u);
        EXPECT_EQ(c, 'a') << "what follows is the stream";
        EXPECT_EQ(ask(client, 'b'), 'b');
        EXPECT_EQ(seen, *header.source);
    }
    TcpSocket bad = connect(server.address());
    bad.send_all("GET / HTTP/1.1\r\n\r\n");
    EXPECT_THROW(
        {
            if (at_end(bad)) {
                throw std::runtime_error("closed");
            }
        },
        std::exception);
    EXPECT_EQ(testing::take_unhandled().size(), 1u);
}

// All hubs serve, whether each listens or one accepts for all; one stop ends them all.
TENDRIL_TEST(StreamServerThreads, ServesInSeveralHubs) {
    for (const bool each_listens : {true, false}) {
        std::mutex mutex;
        std::set<std::thread::id> threads;
        StreamServer server(listen("127.0.0.1:0", {.reuse_port = each_listens}),
                            [&](TcpSocket& client) {
                                {
                                    const std::lock_guard lock(mutex);
                                    threads.insert(std::this_thread::get_id());
                                }
                                echo(client);
                            },
                            {.hubs = 3});
        server.start();
        std::vector<TcpSocket> clients;
        for (int i = 0; i < 60; ++i) {
            clients.push_back(connect(server.address()));
        }
        for (TcpSocket& client : clients) {
            EXPECT_EQ(ask(client, 'x'), 'x');
        }
        EXPECT_EQ(threads.size(), 3u) << "each listens: " << each_listens;
        clients.resize(10);
        EXPECT_EQ(server.stop(10ms), 10u);
        for (TcpSocket& client : clients) {
            EXPECT_TRUE(at_end(client));
        }
    }
}

TENDRIL_TEST(ServeThreads, StopServeInAnyHubEndsAll) {
    Listener listener = listen("127.0.0.1:0");
    auto server = spawn([&] {
        serve(listener,
              [](TcpSocket& client) {
                  char c = 0;
                  while (client.recv({&c, 1}) == 1) {
                      if (c == '.') {
                          throw StopServe();
                      }
                      client.send_all({&c, 1});
                  }
              },
              {.hubs = 2});
    });
    std::vector<TcpSocket> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(connect(listener.address()));
        EXPECT_EQ(ask(clients.back(), 'x'), 'x');
    }
    clients.back().send_all(".");
    EXPECT_TRUE(at_end(clients.back()));
    EXPECT_EQ(ask(clients.front(), 'y'), 'y') << "the others are drained";
    clients.clear();
    server.get();
}

TENDRIL_TEST(ServeThreads, TheLimitHoldsForAllHubsTogether) {
    Listener listener = listen("127.0.0.1:0");
    auto server =
        spawn([&] { serve(listener, [](TcpSocket& client) { echo(client); }, {.concurrency = 2, .hubs = 2}); });
    std::vector<TcpSocket> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(connect(listener.address()));
        EXPECT_EQ(ask(clients.back(), 'a'), 'a') << "all four are served at the same time";
    }
    TcpSocket fifth = connect(listener.address());
    fifth.send_all("b");
    char c = 0;
    EXPECT_THROW(fifth.recv({&c, 1}, 5ms), TimeoutError);
    clients[1].close();
    clients[2].close();
    EXPECT_EQ(fifth.recv({&c, 1}, 20s), 1u);
    server.kill();
}

TENDRIL_TEST(ServeThreads, AHubThatCannotBeginIsToldAndEndsAll) {
    Listener listener = listen("127.0.0.1:0", {.reuse_port = true});
    const testing::Faults faults({{.call = sys::Call::listen, .times = 100, .fault = EADDRINUSE}});
    EXPECT_EQ(errno_of([&] { serve(listener, [](TcpSocket&) {}, {.hubs = 3}); }), EADDRINUSE);
}

// The handler would wait for its own end. It may destroy its server.
TENDRIL_TEST(StreamServer, AHandlerThatStopsItsServerIsRefused) {
    std::unique_ptr<StreamServer> server;
    server = std::make_unique<StreamServer>("127.0.0.1:0", [&](TcpSocket& client) {
        EXPECT_THROW(server->stop(), std::logic_error);
        EXPECT_TRUE(server->is_running());
        client.send_all("x");
        char c = 0;
        client.recv({&c, 1});
        server.reset();
        client.recv({&c, 1});
        ADD_FAILURE() << "the handler should have been killed";
    });
    server->start();
    const Address at = server->address();
    TcpSocket client = connect(at);
    EXPECT_EQ(ask(client, 'a'), 'x');
    EXPECT_TRUE(at_end(client));
    EXPECT_EQ(server, nullptr);
    EXPECT_EQ(errno_of([&] { connect(at); }), ECONNREFUSED);
}

TENDRIL_TEST(StreamServerThreads, BelongsToItsOsThread) {
    StreamServer server("127.0.0.1:0", [](TcpSocket& client) { echo(client); });
    server.start();
    std::thread([&] {
        EXPECT_THROW(server.stop(), WrongThread);
        EXPECT_THROW(server.start(), WrongThread);
        EXPECT_THROW(server.stop_accepting(), WrongThread);
        EXPECT_THROW(server.start_accepting(), WrongThread);
    }).join();
    TcpSocket client = connect(server.address());
    EXPECT_EQ(ask(client, 'a'), 'a') << "it goes on";
}

// TJ03: no memory for a handler's stack. That connection is closed, and the server pauses before the next one.
TENDRIL_TEST(StreamServer, PausesWhenAHandlerCannotBeSpawned) {
    StreamServer server("127.0.0.1:0", [](TcpSocket& client) { echo(client); }, {.stack_size = 3 << 20});
    server.start();
    {
        constexpr std::size_t tries = 2;  // in one spawn: a chunk of two such stacks, then of one
        const testing::Faults faults({{.call = sys::Call::mmap, .times = 4 * tries, .fault = ENOMEM}});
        const auto began = std::chrono::steady_clock::now();
        std::vector<TcpSocket> refused;
        for (int i = 0; i < 4; ++i) {
            refused.push_back(connect(server.address()));
        }
        for (TcpSocket& client : refused) {
            EXPECT_TRUE(at_end(client));
        }
        EXPECT_EQ(faults.happened(), 4 * tries);
        EXPECT_GE(std::chrono::steady_clock::now() - began, 70ms) << "pauses of 10, 20 and 40 ms";
    }
    EXPECT_EQ(testing::take_unhandled().size(), 4u);
    TcpSocket client = connect(server.address());
    EXPECT_EQ(ask(client, 'a'), 'a') << "it recovers";
}

// A client that connects while handlers are drained is refused, and does not wait in vain to be reset later.
TENDRIL_TEST(StreamServerThreads, RefusesNewConnectionsWhileItDrains) {
    for (const bool each_listens : {true, false}) {
        StreamServer server(listen("127.0.0.1:0", {.reuse_port = each_listens}),
                            [](TcpSocket& client) { echo(client); }, {.hubs = each_listens ? 2U : 1U});
        server.start();
        const Address at = server.address();
        TcpSocket client = connect(at);
        EXPECT_EQ(ask(client, 'a'), 'a');
        auto stopper = spawn([&] { return server.stop(60s); });
        // A connection that was made before the listeners were closed is served, or reset.
        const Deadline deadline(20s);
        int refused = 0;
        while (refused == 0 && !deadline.passed()) {
            refused = errno_of([&] { connect(at); }) == ECONNREFUSED ? 1 : 0;
            yield();
        }
        EXPECT_EQ(refused, 1);
        EXPECT_EQ(ask(client, 'b'), 'b') << "the old connection is still served";
        client.close();
        EXPECT_EQ(stopper.get(), 0u);
    }
}

// A client that connected before the stop is served, even if its connection was not yet accepted.
TENDRIL_TEST(StreamServer, AStopServesWhatWaitsInTheBacklog) {
    for (const unsigned hubs : {1U, 2U}) {
        StreamServer server("127.0.0.1:0", [](TcpSocket& client) { echo(client); }, {.hubs = hubs});
        server.start();
        yield();
        server.stop_accepting();
        std::vector<TcpSocket> clients;
        for (int i = 0; i < 5; ++i) {
            clients.push_back(connect(server.address()));
        }
        auto stopper = spawn([&] { return server.stop(20s); });
        for (TcpSocket& client : clients) {
            EXPECT_EQ(ask(client, 'a'), 'a');
            client.close();
        }
        EXPECT_EQ(stopper.get(), 0u);
    }
}

// It may come from another OS thread, before or while serve() runs; the handlers are drained as at StopServe.
TENDRIL_TEST(ServeThreads, AStopTokenEndsIt) {
    for (const unsigned hubs : {1U, 2U}) {
        Listener listener = listen("127.0.0.1:0");
        std::stop_source source;
        auto server = spawn([&] {
            serve(listener, [](TcpSocket& client) { echo(client); }, {.hubs = hubs, .stop = source.get_token()});
        });
        TcpSocket client = connect(listener.address());
        EXPECT_EQ(ask(client, 'a'), 'a');
        std::thread([&] { source.request_stop(); }).join();
        EXPECT_FALSE(server.join(5ms));
        EXPECT_EQ(ask(client, 'b'), 'b');
        client.close();
        server.get();
        serve(listener, [](TcpSocket&) { ADD_FAILURE() << "the stop was requested before"; },
              {.stop = source.get_token()});
    }
}

// Without a possible stop request, a server that can never end gets LoopExit and does not sleep forever.
TENDRIL_TEST(ServeThreads, WithoutAStopTokenItKeepsNoHubAlive) {
    std::thread([] {
        Listener listener = listen("127.0.0.1:0");
        spawn([at = listener.address()] { connect(at); });
        const auto never_ends = [&](TcpSocket&) {
            listener.close();
            Event().wait();
        };
        EXPECT_THROW(serve(listener, never_ends), LoopExit);
    }).join();
}

// A stop request after the server's end touches nothing of it.
TENDRIL_TEST(StreamServerThreads, AStopTokenMayOutliveItsServer) {
    std::stop_source source;
    {
        StreamServer server("127.0.0.1:0", [](TcpSocket& client) { echo(client); }, {.stop = source.get_token()});
        server.start();
        TcpSocket client = connect(server.address());
        EXPECT_EQ(ask(client, 'a'), 'a');
    }
    std::thread([&] { source.request_stop(); }).join();
    StreamServer later("127.0.0.1:0", [](TcpSocket&) {}, {.stop = source.get_token()});
    later.serve_forever();
    EXPECT_FALSE(later.is_running());
}

}  // namespace
}  // namespace tendril
