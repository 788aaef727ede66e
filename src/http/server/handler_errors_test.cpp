// SPDX-License-Identifier: MIT
//
// Who is to blame for an exception that leaves a handler, and what the client is answered.

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include <tendril/error.hpp>
#include <tendril/event.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/form.hpp>
#include <tendril/http/multipart.hpp>
#include <tendril/http/websocket_error.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"
#include "http_server.hpp"
#include "raw_http_server.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using testing::get;
using testing::post;
using testing::RawAnswer;
using testing::RawHttp;
using testing::RawHttpConnection;
using testing::RawHttpServer;
using testing::Served;

TENDRIL_TEST(HttpServerErrors, AnUpstreamsBreachIsTheHandlers) {
    for (const std::string said : {
             "nonsense\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
             "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
             "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnogz",
             "",
         }) {
        RawHttpServer upstream([&](RawHttpConnection& c) {
            c.request();
            c.say(said);
        });
        Served served([&](Request&, Response& response) { response.send(http::get(upstream.url()).text()); });
        EXPECT_EQ(served.ask(get("/")).status, 500) << said;
        ASSERT_EQ(served.bad_input.size(), 1U) << said;
        EXPECT_TRUE(served.bad_input[0].starts_with("http: error in a handler")) << served.bad_input[0];
        EXPECT_EQ(served.server.stats().bad_requests, 0U) << said;
        EXPECT_EQ(testing::take_unhandled().size(), 1U) << said;
    }
}

TENDRIL_TEST(HttpServerErrors, WhatAHandlersOwnWorkThrowsIsNeverTheClients) {
    const auto refused = [] { throw std::system_error(ECONNREFUSED, std::generic_category(), "upstream"); };
    const auto reset = [] { throw std::system_error(ECONNRESET, std::generic_category(), "upstream"); };
    const auto slow = [] { throw TimeoutError("upstream"); };
    const auto breach = [] { throw ProtocolError(Fault::malformed, 502, "upstream"); };
    const auto socket = [] { throw WebSocketError(close_code::protocol_error, "upstream"); };
    for (const std::function<void()>& work : std::initializer_list<std::function<void()>>{
             refused, reset, slow, breach, socket, [] { throw std::bad_alloc(); }, [] { throw 5; }}) {
        Served served([&](Request&, Response&) { work(); });
        const RawAnswer answer = served.ask(get("/"));
        EXPECT_EQ(answer.status, 500);
        EXPECT_EQ(answer.header("Connection"), "close");
        ASSERT_EQ(served.bad_input.size(), 1U);
        EXPECT_TRUE(served.bad_input[0].starts_with("http: error in a handler")) << served.bad_input[0];
        EXPECT_EQ(served.server.stats().errors, 1U);
        EXPECT_EQ(testing::take_unhandled().size(), 1U);
    }
}

// One reader reads multipart bodies from clients and from upstream servers.
TENDRIL_TEST(HttpServerErrors, AnUpstreamsBadMultipartBodyIsTheHandlers) {
    for (const std::string said : {"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ncut off",
                                   "--b\r\n\r\nno name\r\n--b--", "--b\r\nno header\r\n\r\n\r\n--b--",
                                   "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ntoo long\r\n--b--"}) {
        for (const bool told : {true, false}) {
            RawHttpServer upstream([&](RawHttpConnection& c) {
                c.request();
                c.answer(said);
            });
            Served served([&](Request&, Response&) {
                ClientResponse answer = http::get(upstream.url());
                MultipartReader reader(answer.body(), told ? "multipart/form-data; boundary=b" : "text/plain");
                while (std::optional<Part> part = reader.next()) {
                    part->read_all(4);
                }
            });
            EXPECT_EQ(served.ask(get("/")).status, 500) << said;
            EXPECT_EQ(served.server.stats().bad_requests, 0U) << said;
            EXPECT_EQ(testing::take_unhandled().size(), 1U) << said;
        }
    }
}

// An error of the handler's own is reported, even after it has caught an error that its client caused.
TENDRIL_TEST(HttpServerErrors, AnErrorBehindACaughtOneIsReported) {
    Served served([](Request& request, Response&) {
        try {
            request.body().read_all();
        } catch (const ProtocolError&) {
        }
        throw std::system_error(ECONNREFUSED, std::generic_category(), "upstream");
    });
    RawHttp client = served.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nshort");
    client.socket.shutdown(Shutdown::write);
    EXPECT_EQ(client.read().status, 500);
    EXPECT_EQ(testing::take_unhandled().size(), 1U);
}

TENDRIL_TEST(HttpServerErrors, WhatTheClientSentIsItsFault) {
    Served served([](Request& request, Response& response) {
        if (request.path() == "/form") {
            Form::parse(std::string(1001, '&') + "a=%zz");
        } else if (request.path() == "/slow") {
            request.body().read_all(100, 1ms);
        }
        response.send(request.body().read_all(4));
    });
    EXPECT_EQ(served.ask(post("/", "12345")).status, 413);
    EXPECT_EQ(served.ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n").status, 400);
    EXPECT_EQ(served.ask("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n").status, 408);
    EXPECT_EQ(served.bad_input.size(), 3U);
    EXPECT_EQ(served.server.stats().errors, 0U);
}

TENDRIL_TEST(HttpServerErrors, AStatusErrorHasHeadersAndKeepsTheConnection) {
    Served served([](Request& request, Response& response) {
        if (request.path() == "/json") {
            throw StatusError(422, "{}").set("Content-Type", "application/json").set("X-Why", "so");
        }
        if (request.path() == "/headers") {
            throw StatusError(401, "who?", {{"WWW-Authenticate", "Basic realm=\"x\""}, {"Content-Length", "99"}});
        }
        if (request.path() == "/close") {
            throw StatusError(400, "bye", {{"Connection", "close"}});
        }
        if (request.path() == "/wrong") {
            throw StatusError(426);
        }
        response.send("fine");
    });
    RawHttp client = served.client();
    const RawAnswer json = client.ask(post("/json", "a body that is not read"));
    EXPECT_EQ(json.status, 422);
    EXPECT_EQ(json.body, "{}");
    EXPECT_EQ(json.header("Content-Type"), "application/json");
    EXPECT_EQ(json.header("X-Why"), "so");
    EXPECT_EQ(json.header("Connection"), std::nullopt);
    EXPECT_EQ(client.ask(get("/headers")).header("WWW-Authenticate"), "Basic realm=\"x\"");
    EXPECT_EQ(client.ask(get("/")).body, "fine");
    EXPECT_EQ(client.ask(get("/close")).header("Connection"), "close");
    EXPECT_EQ(client.rest(), "");
    EXPECT_EQ(served.ask(get("/wrong")).status, 500) << "426 must say which protocol";
    EXPECT_EQ(testing::take_unhandled().size(), 1U);
}

TENDRIL_TEST(HttpServerErrors, AHandlersTimeIsBounded) {
    Served served(
        [](Request& request, Response& response) {
            if (request.path() == "/late") {
                response.write("some");
                response.flush();
            }
            sleep(1h);
        },
        {.handler_timeout = 5ms});
    EXPECT_EQ(served.ask(get("/")).status, 503);
    EXPECT_FALSE(served.all(get("/late")).ends_with("0\r\n\r\n"));
    EXPECT_EQ(testing::take_unhandled().size(), 2U);
}

TENDRIL_TEST(HttpServerErrors, AKillWaitsForOnComplete) {
    Event begun;
    Event go;
    bool done = false;
    Served served([&](Request&, Response& response) {
        response.on_complete([&](bool) {
            begun.set();
            go.wait();
            done = true;
        });
    });
    RawHttp client = served.client();
    client.send(get("/"));
    begun.wait();
    auto stopping = spawn([&] { served.server.stop(0s); });
    EXPECT_FALSE(stopping.join(5ms));
    go.set();
    stopping.join();
    EXPECT_TRUE(done);
}

TENDRIL_TEST(HttpServerErrors, AnUpgradeEndsTheBoundOfAHandlersTime) {
    Event past;
    Served served(
        [&](Request&, Response& response) {
            const std::unique_ptr<Stream> stream = response.upgrade("echo");
            sleep(20ms);
            stream->send_all("still there");
        },
        {.handler_timeout = 5ms});
    RawHttp client = served.client();
    EXPECT_EQ(client.ask(get("/", "Connection: Upgrade\r\nUpgrade: echo\r\n")).status, 101);
    EXPECT_EQ(client.rest(), "still there");
}

TENDRIL_TEST(HttpServerErrors, AWholeBodysTimeIsBounded) {
    Served served([](Request& request, Response& response) { response.send(request.body().read_all()); },
                  {.body_deadline = 20ms});
    RawHttp client = served.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    auto dripping = spawn([&] {
        for (;;) {
            client.send("x");
            sleep(1ms);
        }
    });
    EXPECT_EQ(client.read().status, 408);
    dripping.kill();
}

}  // namespace
}  // namespace tendril::http
