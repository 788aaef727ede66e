// SPDX-License-Identifier: MIT
//
// The server in several hubs, over TLS and in a Pool, and what a request knows about its client. What the server
// answers is tested in tests/conformance/http_server_test.cpp.

#include <tendril/http/server.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/pool.hpp>
#include <tendril/tls.hpp>

#include "certificates.hpp"
#include "green_test.hpp"
#include "http_server.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using testing::get;
using testing::RawAnswer;
using testing::RawHttp;
using testing::Served;

// The OS threads in which handlers ran.
class SeenThreads {
public:
    void note() {
        const std::lock_guard lock(mutex_);
        threads_.insert(std::this_thread::get_id());
    }
    std::size_t count() const {
        const std::lock_guard lock(mutex_);
        return threads_.size();
    }

private:
    mutable std::mutex mutex_;
    std::set<std::thread::id> threads_;
};

std::string ask_for_body(std::size_t size) {
    return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

// Sends "begun" as soon as it is called, then sends back the body.
void echo_slowly(Request& request, Response& response) {
    response.write("begun ");
    response.flush();
    response.write(request.body().read_all());
}

void await_begun(RawHttp& client) {
    while (client.in.read_line() != "begun ") {
    }
}

TlsOptions server_tls() {
    TlsOptions options;
    options.server_side = true;
    options.certificate = testing::server_identity().certificate;
    options.key = testing::server_identity().key;
    return options;
}

TlsOptions client_tls() {
    TlsOptions options;
    options.ca_file = testing::authority().certificate();
    return options;
}

// Returns: a small answer, which is one TLS record.
std::string ask_by(TlsSocket& client, const std::string& request) {
    client.send_all(request);
    char answer[1000];
    return {answer, client.recv(answer)};
}

TENDRIL_TEST(HttpServerThreads, HandlersRunInEachHub) {
    for (const bool each_listens : {false, true}) {
        SeenThreads seen;
        Server server(listen("127.0.0.1:0", {.reuse_port = each_listens}),
                      [&](Request& request, Response& response) {
                          seen.note();
                          sleep();
                          response.send(request.id() + std::string(request.environment("shared")));
                      },
                      {.connections = {.hubs = 2}, .environment = {{"shared", "-x"}}});
        server.start();
        std::deque<RawHttp> clients;
        for (int i = 0; i < 40; ++i) {
            clients.emplace_back(server.address());
        }
        std::set<std::string> ids;
        for (int round = 0; round < 3; ++round) {
            for (RawHttp& client : clients) {
                client.send(get("/"));
            }
            for (RawHttp& client : clients) {
                const RawAnswer answer = client.read();
                EXPECT_TRUE(answer.body.ends_with("-x"));
                ids.insert(answer.body);
            }
        }
        EXPECT_EQ(ids.size(), 120U);
        EXPECT_EQ(seen.count(), 2U) << "each listens: " << each_listens;
        EXPECT_EQ(server.stats().connections, 40U);
        EXPECT_EQ(server.stats().requests, 120U);
        EXPECT_EQ(server.stop(1h), 0U) << "all are idle";
        EXPECT_EQ(server.stats().open, 0U);
    }
}

TENDRIL_TEST(HttpServerThreads, TK26_StopEndsTheIdleAndDrainsTheBusyOfEveryHub) {
    SeenThreads seen;
    Server server("127.0.0.1:0",
                  [&](Request& request, Response& response) {
                      seen.note();
                      echo_slowly(request, response);
                  },
                  {.connections = {.hubs = 2}});
    server.start();
    std::deque<RawHttp> idle;
    std::deque<RawHttp> busy;
    for (int i = 0; i < 20; ++i) {
        idle.emplace_back(server.address());
        busy.emplace_back(server.address());
    }
    for (RawHttp& client : idle) {
        EXPECT_EQ(client.ask(get("/")).body, "begun ");
    }
    for (RawHttp& client : busy) {
        client.send(ask_for_body(3));
        await_begun(client);
    }
    EXPECT_EQ(seen.count(), 2U);
    auto stopping = spawn([&] { return server.stop(1h); });
    for (RawHttp& client : idle) {
        EXPECT_EQ(client.read().status, 0);
    }
    EXPECT_FALSE(stopping.ready());
    for (RawHttp& client : busy) {
        client.send("end");
        EXPECT_EQ(client.rest(), "3\r\nend\r\n0\r\n\r\n");
    }
    EXPECT_EQ(stopping.get(), 0U);
}

TENDRIL_TEST(HttpServerThreads, StopKillsWhatIsBusyForTooLong) {
    std::atomic<int> complete{0};
    Server server("127.0.0.1:0",
                  [&](Request& request, Response& response) {
                      response.on_complete([&](bool sent) { complete += sent ? 100 : 1; });
                      echo_slowly(request, response);
                  },
                  {.connections = {.hubs = 2}});
    server.start();
    std::deque<RawHttp> busy;
    for (int i = 0; i < 10; ++i) {
        busy.emplace_back(server.address());
        busy.back().send(ask_for_body(3));
        await_begun(busy.back());
    }
    EXPECT_EQ(server.stop(1ms), 10U);
    EXPECT_EQ(complete, 10) << "their hooks ran, and know that it was not sent whole";
    for (RawHttp& client : busy) {
        EXPECT_FALSE(client.rest().ends_with("0\r\n\r\n"));
    }
}

TENDRIL_TEST(HttpServerThreads, TlsInEachHub) {
    SeenThreads seen;
    Server server(wrap_ssl(listen("127.0.0.1:0"), server_tls()),
                  [&](Request& request, Response& response) {
                      seen.note();
                      EXPECT_TRUE(request.is_secure());
                      response.send(request.body().read_all());
                  },
                  {.connections = {.hubs = 2}});
    server.start();
    const TlsContext context(client_tls());
    std::vector<TlsSocket> clients;
    for (int i = 0; i < 8; ++i) {
        clients.push_back(wrap_ssl(connect(server.address()), context, {.server_name = "localhost"}));
    }
    for (int round = 0; round < 2; ++round) {
        for (TlsSocket& client : clients) {
            client.send_all(testing::post("/", "over TLS"));
        }
        for (TlsSocket& client : clients) {
            EXPECT_TRUE(ask_by(client, {}).ends_with("\r\n\r\nover TLS"));
        }
    }
    EXPECT_EQ(seen.count(), 2U);
    connect(server.address()).send_all(get("/"));  // TK22: no handshake at all
    EXPECT_EQ(server.stop(1h), 0U);
    EXPECT_LE(testing::take_unhandled().size(), 1U);
}

// The connection woke for nothing, and is still waiting for a request.
TENDRIL_TEST(HttpServer, TK26_APartOfATlsRecordIsNoRequest) {
    Server server(wrap_ssl(listen("127.0.0.1:0"), server_tls()),
                  [](Request&, Response& response) { response.send("answer"); });
    server.start();
    const TlsContext context(client_tls());
    TlsSocket idle = wrap_ssl(connect(server.address()), context, {.server_name = "localhost"});
    TlsSocket other = wrap_ssl(connect(server.address()), context, {.server_name = "localhost"});
    ask_by(idle, get("/"));
    const std::string begun("\x17\x03\x03\x00\x40 of 64 bytes", 17);
    ASSERT_EQ(::send(idle.fd(), begun.data(), begun.size(), 0), static_cast<ssize_t>(begun.size()));
    ask_by(other, get("/"));  // once this is answered, the first has been woken
    EXPECT_EQ(server.stop(1s), 0U) << "both are idle";
}

TENDRIL_TEST(HttpServer, ConnectionsAreMembersOfThePool) {
    Pool pool(2);
    Served served([](Request& request, Response& response) { response.send(request.path()); },
                  {.connections = {.pool = &pool}});
    {
        RawHttp first = served.client();
        RawHttp second = served.client();
        EXPECT_EQ(first.ask(get("/1")).body, "/1");
        EXPECT_EQ(second.ask(get("/2")).body, "/2");
        EXPECT_EQ(pool.running(), 2U);
        RawHttp third = served.client();
        third.send(get("/3"));
        EXPECT_EQ(first.ask(get("/1")).body, "/1");
        EXPECT_EQ(served.server.stats().connections, 2U) << "the third waits in the backlog";
        first.socket.close();
        EXPECT_EQ(third.read().body, "/3");
        pool.kill();
        EXPECT_EQ(second.read().status, 0);
        EXPECT_EQ(third.read().status, 0);
    }
    EXPECT_EQ(served.ask(get("/4")).body, "/4") << "it goes on";
}

TENDRIL_TEST(HttpServer, ARequestKnowsThatItsClientHasGone) {
    Event gone;
    Event begun;
    std::string body;
    Served served([&](Request& request, Response& response) {
        EXPECT_FALSE(request.is_aborted());
        begun.set();
        gone.wait();
        while (!request.is_aborted()) {
            yield();
        }
        body = request.body().read_all();
        response.send(std::string(std::size_t{1} << 24, 'x'));
        ADD_FAILURE() << "nobody reads it";
    });
    {
        RawHttp client = served.client();
        client.send(testing::post("/", "what it sent before"));
        begun.wait();
    }
    gone.set();
    while (served.server.stats().open > 0) {
        yield();
    }
    EXPECT_EQ(body, "what it sent before");
    EXPECT_EQ(served.server.stats().errors, 0U) << "no fault of the handler";
}

// The server cannot tell a client that only shut down its sending side from one that is gone: Request::is_aborted().
TENDRIL_TEST(HttpServer, AClientThatOnlyListensCountsAsGoneAndIsAnswered) {
    Served served([](Request& request, Response& response) {
        while (!request.is_aborted()) {
            yield();
        }
        response.send("all the same");
    });
    RawHttp client = served.client();
    client.send(get("/"));
    client.socket.shutdown(Shutdown::write);
    EXPECT_EQ(client.read().body, "all the same");
}

// The address of the client, for a server that trusts these proxies.
TENDRIL_TEST(HttpServer, TheClientIsWhomTheTrustedProxiesName) {
    const auto say_client = [](Request& request, Response& response) { response.send(request.client()); };
    const Served behind(say_client, {.trusted_proxies = {"127.0.0.0/8", "10.0.0.0/8"}});
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "127.0.0.1"},
        {"X-Forwarded-For: 1.2.3.4\r\n", "1.2.3.4"},
        {"X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.1\r\n", "1.2.3.4"},
        {"X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 10.0.0.1\r\n", "1.2.3.4"},
        {"X-Forwarded-For: 10.0.0.2,10.0.0.1\r\n", "10.0.0.2"},
        {"X-Forwarded-For: 1.2.3.4:567\r\n", "1.2.3.4"},
        {"X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1"},
        {"X-Forwarded-For: [2001:db8::1]:567\r\n", "2001:db8::1"},
        {"X-Forwarded-For: nonsense, 10.0.0.1\r\n", "10.0.0.1"},
        {"X-Forwarded-For: nonsense, 1.2.3.4\r\n", "1.2.3.4"},
        {"X-Forwarded-For: 1.2.3.4:http, 10.0.0.1\r\n", "10.0.0.1"},
        {"X-Forwarded-For: :80, 10.0.0.1\r\n", "10.0.0.1"},
        {"X-Forwarded-For: *:80\r\n", "127.0.0.1"},
        {"X-Forwarded-For: [::1, 10.0.0.1\r\n", "10.0.0.1"},
        {"X-Forwarded-For: \", 1.2.3.4\r\n", "1.2.3.4"},
        {"X-Forwarded-For: \"\\\r\nX-Forwarded-For: 1.2.3.4\r\n", "1.2.3.4"},
        {"X-Forwarded-For: 1.2.3.4,, ,\r\n", "1.2.3.4"},
        {"X-Forwarded-For: unix:/run/x\r\n", "127.0.0.1"},
    };
    for (const auto& [headers, client] : cases) {
        EXPECT_EQ(behind.ask(get("/", headers)).body, client) << headers;
    }
    const Served open(say_client);
    EXPECT_EQ(open.ask(get("/", "X-Forwarded-For: 1.2.3.4\r\n")).body, "127.0.0.1");
}

}  // namespace
}  // namespace tendril::http
