// SPDX-License-Identifier: MIT
//
// behaviours.md §3 K: the HTTP server, over raw sockets. What requests must get is in http_requests_test.cpp.

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"
#include "http_server.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using http::Request;
using http::Response;
using testing::get;
using testing::post;
using testing::RawAnswer;
using testing::RawHttp;
using testing::Served;

void say_path(Request& request, Response& response) {
    response.send(request.path(), "text/plain");
}

TENDRIL_TEST(ConformanceK, TK01_PipelinedRequestsAreAnsweredInOrder) {
    Served served(&say_path);
    RawHttp client = served.client();
    client.send(get("/1") + get("/2") + post("/3", "body that nobody reads") + get("/4", "Connection: close\r\n") +
                get("/5"));
    for (const char* path : {"/1", "/2", "/3", "/4"}) {
        EXPECT_EQ(client.read().body, path);
    }
    EXPECT_EQ(client.read().status, 0) << "Connection: close is obeyed";
}

TENDRIL_TEST(ConformanceK, TK02_AnUpgradeHandsOverTheStreamAndWhatWasReadOfIt) {
    Served served([](Request& request, Response& response) {
        if (request.header("Upgrade") != "echo") {
            response.send(400, "no");
            return;
        }
        const std::unique_ptr<Stream> stream = response.upgrade("echo");
        char buffer[16];
        while (const std::size_t n = stream->recv(buffer)) {
            stream->send_all({buffer, n});
        }
    });
    RawHttp client = served.client();
    client.send(get("/", "Connection: Upgrade\r\nUpgrade: echo\r\n") + "early, more than one buffer");
    const RawAnswer answer = client.read();
    EXPECT_EQ(answer.status, 101);
    EXPECT_EQ(answer.header("Upgrade"), "echo");
    EXPECT_EQ(answer.header("Connection"), "Upgrade");
    EXPECT_EQ(answer.header("Content-Length"), std::nullopt);
    client.send(", late");
    client.socket.shutdown(Shutdown::write);
    EXPECT_EQ(client.rest(), "early, more than one buffer, late");
    EXPECT_EQ(served.ask(get("/", "Upgrade: echo\r\n")).status, 500) << "not asked for by Connection";
    EXPECT_EQ(testing::take_unhandled().size(), 1u);
}

TENDRIL_TEST(ConformanceK, TK06_ABodyIsReadPieceByPieceAndItsEndIsItsEnd) {
    std::string got;
    Served served([&](Request& request, Response& response) {
        char small[3];
        while (const std::size_t n = request.body().recv(small)) {
            got.append(small, n);
        }
        EXPECT_TRUE(request.body().ended());
        EXPECT_EQ(request.body().recv(small), 0u);
        response.send(request.body().trailers().get("Sum"));
    });
    RawHttp client = served.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("5\r\nhel");
    testing::until_waiting_for_io(2);
    client.send("lo\r\n1\r\n \r\n5\r\nworld\r\n0\r\nSum: 11\r\n\r\n");
    EXPECT_EQ(client.read().body, "11");
    EXPECT_EQ(got, "hello world");
    got.clear();
    client.send(post("/", "short") + post("/", "second"));
    client.read();
    client.read();
    EXPECT_EQ(got, "shortsecond");
    got.clear();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100000001\r\nabc");
    client.socket.shutdown(Shutdown::write);
    EXPECT_EQ(client.read().status, 400);
    EXPECT_EQ(got, "abc");
}

TENDRIL_TEST(ConformanceK, TK07_NoBodyWhereThereMayBeNone) {
    Served served([](Request& request, Response& response) {
        const std::string path(request.path());
        if (path == "/204") {
            response.status(204);
        } else if (path == "/304") {
            response.status(304).set("Content-Length", "10");
        } else if (path == "/204body") {
            response.send(204, "body");
        } else if (path == "/304body") {
            response.status(304).write("body");
        } else {
            response.send("a body");
        }
    });
    for (const char* path : {"/204", "/304"}) {
        RawHttp client = served.client();
        client.send(get(path));
        const RawAnswer answer = client.read();
        EXPECT_EQ(answer.header("Content-Length"), std::nullopt);
        EXPECT_EQ(answer.header("Transfer-Encoding"), std::nullopt);
        EXPECT_EQ(client.ask(get("/")).body, "a body") << "nothing came in between";
    }
    EXPECT_EQ(served.ask(get("/204body")).status, 500);
    EXPECT_EQ(served.ask(get("/304body")).status, 500);
    EXPECT_EQ(testing::take_unhandled().size(), 2u);
    RawHttp client = served.client();
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read(true).header("Content-Length"), "6");
    EXPECT_EQ(client.ask(get("/")).body, "a body") << "HEAD sent none";
}

TENDRIL_TEST(ConformanceK, TK08_AResponseCannotBeSplit) {
    Served served([](Request& request, Response& response) {
        const std::string path(request.path());
        if (path == "/status") {
            response.status(200, "OK\r\nX: y");
        } else if (path == "/type") {
            response.send("", "text/html\r\nX: y");
        } else {
            response.set("X", "y\r\n\r\nHTTP/1.1 200 OK");
        }
    });
    for (const char* path : {"/status", "/type", "/header"}) {
        const RawAnswer answer = served.ask(get(path));
        EXPECT_EQ(answer.status, 500);
        EXPECT_EQ(answer.header("X"), std::nullopt);
    }
    EXPECT_EQ(testing::take_unhandled().size(), 3u);
}

TENDRIL_TEST(ConformanceK, TK09_AnErrorAfterTheHeadersEndsTheConnectionWithoutTheLastChunk) {
    Served served([](Request& request, Response& response) {
        response.write("some");
        if (request.path() == "/late") {
            response.flush();
        }
        throw std::runtime_error("broken");
    });
    const std::string all = served.all(get("/late"));
    EXPECT_NE(all.find("4\r\nsome\r\n"), std::string::npos);
    EXPECT_EQ(all.find("0\r\n\r\n"), std::string::npos);
    EXPECT_EQ(served.ask(get("/early")).status, 500) << "nothing was sent yet";
    EXPECT_EQ(testing::take_unhandled().size(), 2u);
}

TENDRIL_TEST(ConformanceK, TK09_ABodyThatIsShorterThanItsLengthIsAnErrorOfTheHandler) {
    Served served([](Request& request, Response& response) {
        response.set("Content-Length", "10").write("some");
        if (request.path() == "/late") {
            response.flush();
        }
    });
    EXPECT_TRUE(served.all(get("/late")).ends_with("Content-Length: 10\r\n\r\nsome"));
    EXPECT_EQ(served.ask(get("/early")).status, 500) << "nothing was sent yet";
    EXPECT_EQ(testing::take_unhandled().size(), 2u);
}

TENDRIL_TEST(ConformanceK, TK11_KeepAliveOf10And11) {
    Served served(&say_path);
    RawHttp client = served.client();
    EXPECT_EQ(client.ask(get("/")).header("Connection"), std::nullopt);
    EXPECT_EQ(client.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").header("Connection"), "keep-alive");
    EXPECT_EQ(client.ask("GET / HTTP/1.0\r\n\r\n").header("Connection"), "close");
    EXPECT_EQ(client.read().status, 0);
    Served off(&say_path, {.keep_alive = false});
    EXPECT_EQ(off.ask(get("/")).header("Connection"), "close");
    Served said(&say_path, {.idle_timeout = 7s, .say_keep_alive = true});
    EXPECT_EQ(said.ask(get("/")).header("Keep-Alive"), "timeout=7");
    Served old(&say_path, {.max_version = http::Version::http_1_0});
    EXPECT_TRUE(old.ask(get("/")).head.starts_with("HTTP/1.0 200 OK\r\n"));
}

TENDRIL_TEST(ConformanceK, TK13_ChunksOnlyForHttp11AndNeverAnEmptyOneEarly) {
    Served served([](Request& request, Response& response) {
        for (const char* piece : {"", "this", "", "is", "chunked", ""}) {
            response.write(piece);
            if (request.path() == "/flush") {
                response.flush();
            }
        }
    });
    const std::string all = served.all(get("/flush", "Connection: close\r\n"));
    EXPECT_NE(all.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
    EXPECT_TRUE(all.ends_with("\r\n\r\n4\r\nthis\r\n2\r\nis\r\n7\r\nchunked\r\n0\r\n\r\n")) << all;
    const RawAnswer whole = served.ask(get("/"));
    EXPECT_EQ(whole.header("Content-Length"), "13") << "collected whole: its length is known";
    EXPECT_EQ(whole.body, "thisischunked");
    const RawAnswer old = served.ask("GET /flush HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(old.header("Transfer-Encoding"), std::nullopt);
    EXPECT_EQ(old.header("Connection"), "close") << "its end is the body's";
    EXPECT_EQ(old.body, "thisischunked");
}

TENDRIL_TEST(ConformanceK, TK13_SmallPiecesAreCollected) {
    Served served(
        [](Request&, Response& response) {
            for (int i = 0; i < 100; ++i) {
                response.write("0123456789");
            }
        },
        {.write_coalesce = 300});
    const std::string all = served.all(get("/", "Connection: close\r\n"));
    EXPECT_NE(all.find("\r\n12c\r\n"), std::string::npos);
    EXPECT_NE(all.find("\r\n64\r\n"), std::string::npos);
    EXPECT_EQ(served.ask(get("/")).body.size(), 1000u);
}

TENDRIL_TEST(ConformanceK, TK14_100ContinueIsSaidWhenTheHandlerReads) {
    Served served([](Request& request, Response& response) {
        if (request.path() == "/refuse") {
            response.send(403, "no");
            return;
        }
        response.send(request.body().read_all());
    });
    const auto asking = [](std::string_view path) {
        return "POST " + std::string(path) +
               " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    };
    RawHttp client = served.client();
    EXPECT_EQ(client.ask(asking("/")).status, 100);
    client.send("hello");
    EXPECT_EQ(client.read().body, "hello");
    client.send(asking("/") + "eager");
    EXPECT_EQ(client.read().status, 200) << "it did not wait";
    const RawAnswer refused = client.ask(asking("/refuse"));
    EXPECT_EQ(refused.status, 403) << "and no 100 before";
    EXPECT_EQ(refused.header("Connection"), "close") << "a body may follow, or not";
    EXPECT_EQ(client.read().status, 0);
}

TENDRIL_TEST(ConformanceK, TK15_InterimResponsesWithHeaders) {
    Served served([](Request& request, Response& response) {
        response.send_interim(103, {{"Link", "</a.css>"}});
        response.send_interim(100, {{"X-Hint", "1"}});
        response.send(request.body().read_all());
    });
    RawHttp client = served.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n!");
    const RawAnswer hints = client.read();
    EXPECT_EQ(hints.status, 103);
    EXPECT_EQ(hints.header("Link"), "</a.css>");
    EXPECT_EQ(client.read().header("X-Hint"), "1");
    EXPECT_EQ(client.read().body, "!");
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read().status, 103);
    EXPECT_EQ(client.read().header("X-Hint"), "1");
    client.send("?");
    EXPECT_EQ(client.read().body, "?") << "reading the body sends no second 100";
    EXPECT_EQ(served.ask("GET / HTTP/1.0\r\n\r\n").status, 200) << "HTTP/1.0 knows none";
}

TENDRIL_TEST(ConformanceK, TK18_WhatIsNotSaidIsNotThere) {
    Served served([](Request& request, Response&) { EXPECT_EQ(request.body().length(), 0u); });
    const RawAnswer answer = served.ask("POST / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Content-Length"), "0") << "a handler that says nothing answers nothing";
    EXPECT_EQ(answer.header("Transfer-Encoding"), std::nullopt);
}

TENDRIL_TEST(ConformanceK, TK19_BodiesHaveALimit) {
    Served served([](Request& request, Response& response) { response.send(request.body().read_all()); },
                  {.max_body = 4});
    EXPECT_EQ(served.ask(post("/", "1234")).body, "1234");
    EXPECT_EQ(served.ask(post("/", "12345")).status, 413);
    const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(served.ask(chunked + "4\r\n1234\r\n0\r\n\r\n").body, "1234");
    EXPECT_EQ(served.ask(chunked + "4\r\n1234\r\n1\r\n5\r\n0\r\n\r\n").status, 413) << "once it is beyond";
    EXPECT_EQ(served.bad_input.size(), 2u);
}

TENDRIL_TEST(ConformanceK, TK20_TheLogHasItsFields) {
    std::vector<std::string> lines;
    http::ServerOptions options;
    options.trusted_proxies = {"127.0.0.0/8"};
    options.access_log = http::AccessLog([&](std::string_view line) { lines.emplace_back(line); },
                                         "{client_ip} {request_line} {status_code} {body_length} \"{user_agent}\"");
    Served served(&say_path, options);
    served.ask(get("/a%25?b", "User-Agent: x\"y\\z\r\n"));
    served.ask(get("/b", "X-Forwarded-For: 6.6.6.6, 1.2.3.4, 127.0.0.2\r\n"));
    served.ask("nonsense\r\n");
    EXPECT_EQ(lines, (std::vector<std::string>{"127.0.0.1 GET /a%25?b HTTP/1.1 200 5 \"x\\x22y\\x5cz\"",
                                               "1.2.3.4 GET /b HTTP/1.1 200 2 \"-\"", "127.0.0.1 - 400 16 \"-\""}));
    EXPECT_THROW(http::AccessLog(&http::AccessLog::standard_error, "{nonsense}"), std::invalid_argument);
    EXPECT_THROW(http::AccessLog(&http::AccessLog::standard_error, "{client_ip"), std::invalid_argument);
    lines.clear();
    options.trusted_proxies.clear();
    Served open(&say_path, options);
    open.ask(get("/", "X-Forwarded-For: 1.2.3.4\r\n"));
    EXPECT_TRUE(lines.at(0).starts_with("127.0.0.1 ")) << "who is not trusted is not believed";
}

TENDRIL_TEST(ConformanceK, TK23_AClientThatVanishesAmidItsBody) {
    int errors = 0;
    Served served([&](Request& request, Response& response) {
        try {
            response.send(request.body().read_all());
        } catch (const http::ProtocolError& e) {
            EXPECT_EQ(e.code(), http::Fault::incomplete);
            ++errors;
            throw;
        }
    });
    for (const char* body : {"Content-Length: 10\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
                             "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
        RawHttp client = served.client();
        client.send("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(body));
        client.socket.shutdown(Shutdown::write);
        EXPECT_EQ(client.read().status, 400);
    }
    EXPECT_EQ(errors, 3);
    EXPECT_EQ(served.bad_input.size(), 3u) << "each is logged once";
}

TENDRIL_TEST(ConformanceK, TK24_ErrorsAndTimeoutsOfTheHandler) {
    const auto handler = [](Request& request, Response&) {
        if (request.path() == "/timeout") {
            const Timeout limit(1ms);
            sleep(1h);
        }
        if (request.path() == "/status") {
            throw http::StatusError(418, "I'm a teapot");
        }
        throw std::runtime_error("secret");
    };
    Served served(handler);
    Served open(handler, {.expose_errors = true});
    for (const char* path : {"/error", "/timeout"}) {
        const RawAnswer answer = served.ask(get(path));
        EXPECT_EQ(answer.status, 500);
        EXPECT_EQ(answer.body, "");
        EXPECT_EQ(answer.header("Connection"), "close");
    }
    EXPECT_EQ(open.ask(get("/error")).body, "secret");
    EXPECT_EQ(served.ask(get("/status")).body, "I'm a teapot") << "meant for the client";
    EXPECT_EQ(testing::take_unhandled().size(), 3u);
}

TENDRIL_TEST(ConformanceK, TK25_TimeLimitsEndTheConnection) {
    http::ServerOptions options;
    options.header_timeout = options.body_timeout = options.write_timeout = options.idle_timeout = 20ms;
    Served served(
        [](Request& request, Response& response) {
            if (request.path() == "/big") {
                response.send(std::string(std::size_t{64} << 20, 'x'));
                ADD_FAILURE() << "nobody reads it";
            }
            response.send(request.body().read_all());
        },
        options);
    EXPECT_EQ(served.client().rest(), "") << "silent from the beginning";
    EXPECT_TRUE(served.all("GET / HTTP/1.1\r\nHost:").starts_with("HTTP/1.1 408 ")) << "the head";
    EXPECT_TRUE(served.all("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel").starts_with("HTTP/1.1 408 "));
    RawHttp idle = served.client();
    EXPECT_EQ(idle.ask(get("/")).status, 200);
    EXPECT_EQ(idle.rest(), "") << "between two requests";
    RawHttp lazy = served.client();
    lazy.send(get("/big"));
    while (served.server.stats().open > 0) {
        sleep(1ms);
    }
}

TENDRIL_TEST(ConformanceK, TK26_StoppingClosesIdleConnectionsAndLetsRequestsEnd) {
    Event go;
    Event begun;
    Served served([&](Request& request, Response& response) {
        if (request.path() == "/slow") {
            begun.set();
            go.wait();
        }
        say_path(request, response);
    });
    RawHttp idle = served.client();
    EXPECT_EQ(idle.ask(get("/")).status, 200);
    RawHttp fresh = served.client();
    RawHttp slow = served.client();
    slow.send(get("/slow"));
    begun.wait();
    auto stopping = spawn([&] { return served.server.stop(1h); });
    EXPECT_EQ(idle.read().status, 0);
    EXPECT_EQ(fresh.read().status, 0);
    go.set();
    const RawAnswer answer = slow.read();
    EXPECT_EQ(answer.body, "/slow");
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_EQ(stopping.get(), 0u) << "none was killed in the midst of a request";
}

TENDRIL_TEST(ConformanceK, TK27_HooksRunWhateverTheOutcome) {
    std::vector<bool> outcomes;
    Served served([&](Request& request, Response& response) {
        response.on_complete([&](bool sent) { outcomes.push_back(sent); });
        request.set_parameter("seen", "yes");
        if (request.path() == "/error") {
            throw std::runtime_error("broken");
        }
        if (request.path() == "/late") {
            response.write("x");
            response.flush();
            throw std::runtime_error("broken");
        }
    });
    served.ask(get("/"));
    served.ask(get("/error"));
    served.all(get("/late"));
    EXPECT_EQ(outcomes, (std::vector<bool>{true, true, false})) << "the 500 was sent whole too";
    EXPECT_EQ(testing::take_unhandled().size(), 2u);
}

TENDRIL_TEST(ConformanceK, TK27_NothingOfARequestIsSeenByTheNext) {
    Served served([&](Request& request, Response& response) {
        EXPECT_EQ(request.parameter("x"), "");
        request.set_parameter("x", "1");
        const std::string id = request.id();
        EXPECT_EQ(id, request.id());
        response.set("X-Id", id);
        response.send(request.header("A"));
    });
    RawHttp client = served.client();
    const RawAnswer first = client.ask(get("/", "A: b\r\n"));
    const RawAnswer second = client.ask(get("/"));
    EXPECT_EQ(first.body, "b");
    EXPECT_EQ(second.body, "");
    EXPECT_NE(first.header("X-Id"), second.header("X-Id"));
}

}  // namespace
}  // namespace tendril
