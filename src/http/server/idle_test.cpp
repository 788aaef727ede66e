// SPDX-License-Identifier: MIT
//
// Connections that say they are idle: a stop of the server ends them at once (eventlet.set_idle).

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/websocket.hpp>
#include <tendril/queue.hpp>
#include <tendril/timeout.hpp>
#include <tendril/tls.hpp>

#include "certificates.hpp"
#include "green_test.hpp"
#include "http_server.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using testing::get;
using testing::RawHttp;
using testing::Served;

// Sends each event of a queue, idle while it waits for one.
struct Events {
    Queue<std::string> events;
    Event working;
    Event done;

    void operator()(Request& request, Response& response) {
        response.set("Content-Type", "text/event-stream").flush();
        for (;;) {
            std::string event;
            {
                const Serving::Idle idle(request.serving(), IdlePlace::kept);
                event = events.get();
            }
            if (event == "work") {
                working.set();
                done.wait();
                EXPECT_TRUE(request.serving().stopping());
            }
            response.write("data: " + event + "\n\n");
            response.flush();
        }
    }
};

bool reads_until(RawHttp& client, std::string_view wanted) {
    while (const auto line = client.in.read_line()) {
        if (line->find(wanted) != std::string::npos) {
            return true;
        }
    }
    return false;
}

TENDRIL_TEST(HttpIdle, AStopEndsAStreamOfEventsAtOnceUnlessItIsBusy) {
    for (const bool busy : {false, true}) {
        Events events;
        Served served(std::ref(events));
        RawHttp client = served.client();
        client.send(get("/"));
        events.events.put("first");
        ASSERT_TRUE(reads_until(client, "data: first"));
        if (busy) {
            events.events.put("work");
            events.working.wait();
        }
        auto stopping = spawn([&] { return served.server.stop(1h); });
        if (busy) {
            EXPECT_FALSE(stopping.join(5ms));
            events.done.set();
            ASSERT_TRUE(reads_until(client, "data: work"));
        }
        EXPECT_EQ(stopping.get(), 0U) << "killed none of those that had the drain";
        client.rest();
        EXPECT_TRUE(served.bad_input.empty());
    }
}

TENDRIL_TEST(HttpIdle, ATimeoutOfTheHandlersOwnLeavesItBusyAgain) {
    Event go;
    Event asked;
    Served served([&](Request& request, Response& response) {
        try {
            const Timeout limit(1ms);
            const Serving::Idle idle(request.serving(), IdlePlace::kept);
            Event().wait();
        } catch (const Timeout::Expired&) {
            asked.set();
        }
        go.wait();
        response.send("late");
    });
    RawHttp client = served.client();
    client.send(get("/"));
    asked.wait();
    auto stopping = spawn([&] { return served.server.stop(1h); });
    EXPECT_FALSE(stopping.join(5ms));
    go.set();
    EXPECT_EQ(client.read().body, "late");
    EXPECT_EQ(stopping.get(), 0U);
}

// Echoes; waits for `go` first, when it gets "work".
struct Echo {
    Event working;
    Event go;
    WebSocket* shared = nullptr;

    void operator()(Request& request, Response& response) {
        auto socket = websocket_accept(request, response, {.idle_in_recv = &request.serving()});
        shared = &*socket;
        while (const auto message = socket->recv()) {
            if (message->data == "work") {
                working.set();
                go.wait();
            }
            socket->send(message->data);
        }
    }
};

std::string url_of(const Served& served) {
    return "ws://" + served.server.address().to_string() + "/";
}

TENDRIL_TEST(HttpIdle, AWebSocketThatWaitsIsClosedByAStopWithItsReason) {
    Echo echo;
    Served served(std::ref(echo));
    WebSocket waits = websocket_connect(url_of(served));
    waits.send("a");
    EXPECT_EQ(waits.recv()->data, "a");
    WebSocket works = websocket_connect(url_of(served));
    works.send("work");
    echo.working.wait();
    auto stopping = spawn([&] { return served.server.stop(1h); });
    EXPECT_EQ(waits.recv(), std::nullopt);
    EXPECT_EQ(waits.close_code(), close_code::going_away);
    EXPECT_FALSE(stopping.ready());
    echo.go.set();
    EXPECT_EQ(works.recv()->data, "work");
    EXPECT_EQ(works.recv(), std::nullopt) << "idle again";
    EXPECT_EQ(works.close_code(), close_code::going_away);
    EXPECT_EQ(stopping.get(), 0U);
    EXPECT_TRUE(served.bad_input.empty());
}

// The handler waits in recv(), and another green thread sends what the peer reads only later.
TENDRIL_TEST(HttpIdle, AStopDoesNotCutAWebSocketsMessage) {
    Echo echo;
    Served served(std::ref(echo));
    WebSocket peer = websocket_connect(url_of(served), {.max_message = std::size_t{64} << 20});
    peer.send("a");
    EXPECT_EQ(peer.recv()->data, "a");
    const std::string large(std::size_t{16} << 20, 'x');
    auto sending = spawn([&] { echo.shared->send(large); });
    EXPECT_FALSE(sending.join(5ms)) << "more than the socket's buffers hold";
    auto stopping = spawn([&] { return served.server.stop(1h); });
    EXPECT_FALSE(stopping.join(5ms));
    EXPECT_EQ(peer.recv()->data.size(), large.size());
    EXPECT_EQ(peer.recv(), std::nullopt);
    EXPECT_EQ(peer.close_code(), close_code::going_away);
    EXPECT_EQ(stopping.get(), 0U);
    sending.get();
}

// Only the head of a TLS record arrives: the handler wakes up, but has nothing under way.
TENDRIL_TEST(HttpIdle, AStopEndsAWebSocketThatHasPartOfATlsRecord) {
    TlsOptions ours;
    ours.server_side = true;
    ours.certificate = testing::server_identity().certificate;
    ours.key = testing::server_identity().key;
    Echo echo;
    Server server(wrap_ssl(listen("127.0.0.1:0"), ours), std::ref(echo));
    server.start();
    Listener between = listen("127.0.0.1:0");
    bool cuts = false;
    Event cut;
    auto relay = spawn([&] {
        TcpSocket client = between.accept();
        TcpSocket to = connect(server.address());
        auto back = spawn([&] {
            char buffer[4096];
            while (const std::size_t n = to.recv(buffer)) {
                client.send_all({buffer, n});
            }
            client.shutdown(Shutdown::write);
        });
        char buffer[4096];
        while (const std::size_t n = client.recv(buffer)) {
            to.send_all({buffer, cuts ? 5 : n});
            cut.set();
        }
        back.kill();
    });
    TlsOptions theirs;
    theirs.ca_file = testing::authority().certificate();
    Client client({.tls = TlsContext(theirs)});
    WebSocket peer = websocket_connect(client, "wss://" + between.address().to_string() + "/");
    peer.send("a");
    EXPECT_EQ(peer.recv()->data, "a");
    cuts = true;
    cut.clear();
    peer.send("b");
    cut.wait();
    sleep(5ms);  // the handler looks at it
    auto stopping = spawn([&] { return server.stop(1h); });
    EXPECT_EQ(peer.recv(Deadline(20s)), std::nullopt);
    EXPECT_EQ(peer.close_code(), close_code::going_away);
    EXPECT_EQ(stopping.get(20s), 0U);
    peer.abort();
    relay.kill();
}

// A deadline of recv(), or a kill that is not a stop's, says no Close and leaves it as it was.
TENDRIL_TEST(HttpIdle, ADeadlineInRecvChangesNothing) {
    Event waited;
    Served served([&](Request& request, Response& response) {
        auto socket = websocket_accept(request, response, {.idle_in_recv = &request.serving()});
        EXPECT_THROW(socket->recv(Deadline(1ms)), TimeoutError);
        waited.set();
        socket->send(socket->recv()->data);
    });
    WebSocket peer = websocket_connect(url_of(served));
    waited.wait();
    peer.send("b");
    EXPECT_EQ(peer.recv()->data, "b");
    peer.abort();
}

TENDRIL_TEST(HttpIdleThreads, AStopEndsTheWebSocketsOfEveryHub) {
    Served served(
        [](Request& request, Response& response) {
            auto socket = websocket_accept(request, response, {.idle_in_recv = &request.serving()});
            while (const auto message = socket->recv()) {
                socket->send(message->data);
            }
        },
        {.connections = {.hubs = 2}});
    std::deque<WebSocket> peers;
    for (int i = 0; i < 8; ++i) {
        peers.push_back(websocket_connect(url_of(served)));
        peers.back().send("a");
        EXPECT_EQ(peers.back().recv()->data, "a");
    }
    auto stopping = spawn([&] { return served.server.stop(1h); });
    for (WebSocket& peer : peers) {
        EXPECT_EQ(peer.recv(), std::nullopt);
        EXPECT_EQ(peer.close_code(), close_code::going_away);
    }
    EXPECT_EQ(stopping.get(), 0U);
}

}  // namespace
}  // namespace tendril::http
