// SPDX-License-Identifier: MIT
//
// How the server ends a connection: what it has written arrives, even if it has not read everything. RFC 9112, 9.6.

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/tls.hpp>

#include "certificates.hpp"
#include "green_test.hpp"
#include "http_server.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using testing::get;
using testing::post;
using testing::RawHttp;
using testing::Served;

constexpr std::size_t much = std::size_t{1} << 20;
const std::string behind(20000, 'x');

void send_much(Request&, Response& response) {
    response.send(std::string(much, 'y'));
}

std::size_t body_size(const std::string& all) {
    return all.size() - std::min(all.size(), all.find("\r\n\r\n") + 4);
}

TENDRIL_TEST(HttpServerClose, WhatWasWrittenArrivesWhateverLiesUnread) {
    Served served(send_much);
    EXPECT_EQ(body_size(served.all(get("/", "Connection: close\r\n") + behind)), much) << "behind the request";
    EXPECT_EQ(body_size(served.all("GET / HTTP/1.0\r\n\r\n" + behind)), much) << "HTTP/1.0";
    EXPECT_EQ(body_size(served.all(post("/", std::string(much, 'x'), "Connection: close\r\n"))), much) << "its body";
    EXPECT_EQ(body_size(served.all(post("/", std::string(much, 'x'), "Expect: 100-continue\r\n"))), much) << "expected";
    EXPECT_EQ(body_size(served.all("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n" + behind)),
              much)
        << "a body that is malformed, which nobody read";
}

TENDRIL_TEST(HttpServerClose, ErrorsArriveToo) {
    Served served(
        [](Request& request, Response& response) {
            if (request.path() == "/throw") {
                throw std::runtime_error("broken");
            }
            if (request.path() == "/status") {
                throw StatusError(403, "no", {{"Connection", "close"}});
            }
            response.send(request.body().read_all());
        },
        {.max_body = 4});
    const auto status = [&](const std::string& text) {
        RawHttp client = served.client();
        client.send(text);
        return client.read().status;
    };
    const std::string upload(std::size_t{4} << 20, 'x');
    EXPECT_EQ(status(post("/", upload)), 413);
    EXPECT_EQ(status(post("/throw", upload)), 500);
    EXPECT_EQ(status(post("/status", upload)), 403);
    EXPECT_EQ(status("nonsense\r\n" + upload), 400);
    EXPECT_EQ(status(get("/" + std::string(9000, 'a')) + upload), 414);
    EXPECT_EQ(testing::take_unhandled().size(), 1U);
}

TENDRIL_TEST(HttpServerClose, StopAmidAPipelineLetsTheResponseArrive) {
    Event begun;
    Event go;
    Served served([&](Request& request, Response& response) {
        begun.set();
        go.wait();
        send_much(request, response);
    });
    RawHttp client = served.client();
    std::string pipeline;
    for (int i = 0; i < 500; ++i) {
        pipeline += get("/");
    }
    client.send(pipeline);
    begun.wait();
    auto stopping = spawn([&] { return served.server.stop(1h); });
    yield();
    go.set();
    const std::string all = client.rest();
    EXPECT_NE(all.find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_EQ(body_size(all), much);
    EXPECT_EQ(stopping.get(), 0U);
}

// The client sends the request's body when the refusal has already arrived, as a client on a slow network would.
TENDRIL_TEST(HttpServerClose, ARefusalArrivesBeforeTheBodyDoes) {
    Served served([](Request& request, Response& response) { response.send(request.body().read_all()); },
                  {.max_body = 4});
    const std::string piece(65536, 'x');
    for (const std::string head : {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n",
                                   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
                                   "POST / HTTP/1.1\r\nHost: a b\r\nContent-Length: 1000000\r\n\r\n"}) {
        RawHttp client = served.client();
        client.send(head);
        client.socket.await_data();
        sleep(head.starts_with("POST / HTTP/1.1\r\nHost: a b") ? 130ms : 5ms);
        for (int i = 0; i < 10; ++i) {
            client.send(piece);
            yield();
        }
        EXPECT_EQ(client.read().status / 100, 4) << head;
        EXPECT_EQ(client.rest(), "") << "an end, and no reset";
    }
}

TENDRIL_TEST(HttpServerClose, TheResponseOfAHandlerThatStopsTheServerArrives) {
    Served served([](Request&, Response& response) {
        response.send("bye");
        throw StopServe();
    });
    RawHttp client = served.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    client.socket.await_data();
    sleep(5ms);
    for (int i = 0; i < 10; ++i) {
        client.send(behind);
        yield();
    }
    EXPECT_EQ(client.read().body, "bye");
    EXPECT_EQ(client.rest(), "");
}

TENDRIL_TEST(HttpServerClose, AClientThatOwesItsBodyIsLeftToo) {
    Served served([](Request& request, Response& response) { response.send(request.body().read_all()); },
                  {.linger_timeout = 20ms, .max_body = 4});
    for (const char* request : {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", "nonsense\r\n\r\n"}) {
        const RawHttp client = served.client();
        served.all(request);
        RawHttp silent = served.client();
        silent.send(request);
        EXPECT_EQ(silent.read().status / 100, 4);
        while (served.server.stats().open > 1) {
            sleep(1ms);
        }
    }
    RawHttp silent = served.client();
    silent.send("nonsense\r\n\r\n");
    EXPECT_EQ(silent.read().status, 400);
    EXPECT_EQ(served.server.stop(1h), 0U) << "a stop waits for no longer either";
}

// The client has sent as much as it announced, and keeps its side open: nothing is left that could cause a reset.
TENDRIL_TEST(HttpServerClose, WhatIsExpectedIsNotAwaitedForLonger) {
    Served served([](Request& request, Response& response) { response.send(request.body().read_all()); },
                  {.linger_timeout = 1h, .max_body = 4});
    RawHttp client = served.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n");
    EXPECT_EQ(client.read().status, 413);
    client.send(std::string(10000, 'x'));
    while (served.server.stats().open > 0) {
        sleep(1ms);
    }
}

// The limits of close_gently().
TENDRIL_TEST(HttpServerClose, AClientThatNeverClosesIsLeft) {
    Served served([](Request&, Response& response) { response.send("bye"); }, {.linger_timeout = 20ms});
    RawHttp client = served.client();
    client.send(get("/", "Connection: close\r\n") + behind);
    EXPECT_EQ(client.read().body, "bye");
    while (served.server.stats().open > 0) {
        sleep(1ms);
    }
    RawHttp sender = served.client();
    sender.send(get("/", "Connection: close\r\n") + behind);
    auto sending = spawn([&] {
        try {
            for (;;) {
                sender.send(behind);
            }
        } catch (const std::system_error&) {
        }
    });
    sending.join();
    EXPECT_EQ(served.server.stats().open, 0U);
}

// A client that takes nothing: the response fits into the system's buffers, the close_notify of TLS does not.
TENDRIL_TEST(HttpServerClose, TheEndOfATlsStreamHasABound) {
    TlsOptions of_server;
    of_server.server_side = true;
    of_server.certificate = testing::server_identity().certificate;
    of_server.key = testing::server_identity().key;
    TlsOptions of_client;
    of_client.ca_file = testing::authority().certificate();
    Event full;
    Listener listener = listen("127.0.0.1:0");
    auto serving = spawn([&] {
        TlsSocket server = wrap_ssl(listener.accept(), of_server);
        const std::string piece(16000, 'x');
        try {
            for (;;) {
                server.send_all(piece, 5ms);
            }
        } catch (const TimeoutError&) {
        }
        full.set();
        EXPECT_THROW(server.shutdown(Shutdown::write, 5ms), TimeoutError);
        close_gently(server, {.time = 5ms});
        EXPECT_FALSE(server.is_open());
    });
    const TlsSocket client = wrap_ssl(connect(listener.address()), of_client, {.server_name = "localhost"});
    full.wait();
    serving.join();
}

}  // namespace
}  // namespace tendril::http
