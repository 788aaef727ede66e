// SPDX-License-Identifier: MIT
//
// The rules of PEP 3333, and what eventlet and gevent add to them.

#include <tendril/http/wsgi.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/file.hpp>
#include <tendril/greenlet.hpp>

#include "green_test.hpp"
#include "http_server.hpp"

namespace tendril::http::wsgi {
namespace {

using tendril::testing::get;
using tendril::testing::post;
using tendril::testing::RawAnswer;
using tendril::testing::RawHttp;
using tendril::testing::Served;
using tendril::testing::take_unhandled;

RawAnswer ask(Application application, std::string_view request, ServerOptions options = {}) {
    Served served(handler(std::move(application)), std::move(options));
    return served.ask(request);
}

// Checks that the application's error with this text is reported, and that the client gets 500.
void expect_error(Application application, std::string_view text) {
    EXPECT_EQ(ask(std::move(application), get("/")).status, 500) << text;
    const std::vector<std::string> errors = take_unhandled();
    ASSERT_EQ(errors.size(), 1u) << text;
    EXPECT_NE(errors.front().find(text), std::string::npos) << errors.front();
}

TENDRIL_TEST(Wsgi, TellsTheApplicationWhatIsAsked) {
    std::vector<std::string> names;
    const auto application = [&](Environ& environ, StartResponse& start_response) -> Chunks {
        start_response("200 OK");
        std::string text;
        for (const std::string& name : names) {
            text += std::string(environ[name]) + (environ.contains(name) ? "\n" : "-\n");
        }
        return text;
    };
    Served served(handler(application),
                  {.environment = {{"SCRIPT_NAME", "/app"}, {"HTTP_USER", "ours"}, {"my.key", "mine"}}});
    names = {"REQUEST_METHOD", "SCRIPT_NAME",     "PATH_INFO",   "RAW_PATH_INFO",   "QUERY_STRING",  "CONTENT_TYPE",
             "CONTENT_LENGTH", "SERVER_PROTOCOL", "REMOTE_ADDR", "SERVER_NAME",     "HTTP_HOST",     "HTTP_X_A",
             "HTTP_COOKIE",    "wsgi.url_scheme", "my.key",      "SERVER_SOFTWARE", "HTTP_NOT_THERE"};
    EXPECT_EQ(served
                  .ask(post("/%C3%A4%2Fb%20?x=%41&y", "abc",
                            "Content-Type: text/x\r\nX-A: 1\r\nCookie: a=b\r\nx-a: 2\r\nCookie: c=d\r\n"))
                  .body,
              "POST\n/app\n/\xc3\xa4/b \n/%C3%A4%2Fb%20\nx=%41&y\ntext/x\n3\nHTTP/1.1\n127.0.0.1\n127.0.0.1\n"
              "localhost\n1, 2\na=b; c=d\nhttp\nmine\ntendril\n-\n");
    names = {"CONTENT_TYPE", "CONTENT_LENGTH", "SERVER_PORT"};
    EXPECT_EQ(served.ask(get("/")).body, "-\n-\n" + std::to_string(served.server.address().port()) + "\n");
    EXPECT_EQ(served.ask(get("/%zz")).status, 400);
    names = {"HTTP_USER"};
    EXPECT_EQ(served.ask(get("/", "User: theirs\r\n")).body, "theirs\n") << "a request's wins, and is not mixed";
}

TENDRIL_TEST(Wsgi, TK08_NamesWithAnUnderscoreDoNotPassForOthers) {
    const auto application = [](const Environ& environ, StartResponse& start_response) {
        start_response("200 OK");
        return std::string(environ["HTTP_X_USER"]) + " " + std::string(environ.headers_raw().get("X_User"));
    };
    EXPECT_EQ(ask(application, get("/", "X_User: root\r\n")).body, " root");
    EXPECT_EQ(ask(application, get("/", "X-User: me\r\nX_User: root\r\n")).body, "me root");
}

TENDRIL_TEST(Wsgi, AClientSetsNoProxy) {
    const auto application = [](const Environ& environ, StartResponse& start_response) {
        start_response("200 OK");
        return std::string(environ.contains("HTTP_PROXY") ? "set " : "") +
               std::string(environ.headers_raw().get("Proxy"));
    };
    EXPECT_EQ(ask(application, get("/", "pRoxy: http://evil\r\n")).body, "http://evil");
}

TENDRIL_TEST(Wsgi, StartResponseComesBeforeTheFirstPieceThatIsNotEmpty) {
    EXPECT_EQ(ask(
                  [](const Environ&, StartResponse& start_response) -> Chunks {
                      return [&start_response, n = 0]() mutable -> std::optional<std::string> {
                          if (n == 1) {
                              start_response("201 Made", {{"X", "y"}});
                          }
                          return n < 3 ? std::optional(std::string(static_cast<std::size_t>(n++), 'x')) : std::nullopt;
                      };
                  },
                  get("/"))
                  .head.substr(0, 19),
              "HTTP/1.1 201 Made\r\n");
    expect_error([](const Environ&, StartResponse&) { return "text"; }, "has not called start_response()");
    expect_error([](const Environ&, StartResponse&) { return Chunks(); }, "has not called start_response()");
    expect_error(
        [](const Environ&, StartResponse& start_response) {
            start_response("200 OK");
            start_response("200 OK");
            return "text";
        },
        "twice");
}

TENDRIL_TEST(Wsgi, AnErrorReplacesWhatWasSaidUntilItWentOut) {
    const auto failing = [](bool late) {
        return [late](const Environ&, StartResponse& start_response) -> Chunks {
            const Write write = start_response("200 OK", {{"X", "first"}});
            try {
                if (late) {
                    write("some");
                }
                throw std::runtime_error("broken");
            } catch (const std::runtime_error&) {
                start_response("503 Later", {{"X", "second"}}, std::current_exception());
            }
            return "sorry";
        };
    };
    const RawAnswer replaced = ask(failing(false), get("/"));
    EXPECT_EQ(replaced.status, 503);
    EXPECT_EQ(replaced.header("X"), "second");
    EXPECT_EQ(replaced.body, "sorry");
    expect_error(failing(true), "broken");
}

TENDRIL_TEST(Wsgi, WritesGoBeforeWhatIsReturned) {
    const RawAnswer answer = ask(
        [](const Environ&, StartResponse& start_response) {
            const Write write = start_response("200 OK");
            write("first, ");
            write("");
            write("second, ");
            return "third";
        },
        get("/"));
    EXPECT_EQ(answer.body, "first, second, third");
}

TENDRIL_TEST(Wsgi, WhatIsTheServersIsRefused) {
    const auto saying = [](std::string status, Headers headers) {
        return [=](const Environ&, StartResponse& start_response) {
            start_response(status, headers);
            return "text";
        };
    };
    for (const char* name : {"Connection", "keep-alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade"}) {
        expect_error(saying("200 OK", {{name, "x"}}), "may only be set by the server");
    }
    for (const char* status : {"", "20", "200OK", "101 Switching Protocols", "600 x", "2x0 OK", "200 OK\r\nX: y"}) {
        expect_error(saying(status, {}), "status is not like");
    }
    expect_error(saying("200 OK", {{"Content-Length", "3"}}), "body differs from its Content-Length");
    EXPECT_EQ(ask(saying("200 OK", {{"Content-Length", "4"}}), get("/")).body, "text");
}

TENDRIL_TEST(Wsgi, InputIsReadAsAFile) {
    std::vector<std::string> got;
    const auto application = [&](const Environ& environ, StartResponse& start_response) {
        Input& input = environ.input();
        got = {input.read(2), input.readline(), input.readline(3), input.readline()};
        for (std::string& line : input.readlines()) {
            got.push_back(std::move(line));
        }
        got.push_back(input.read() + input.readline() + input.read(5) + "end");
        start_response("200 OK");
        return "";
    };
    const std::vector<std::string> expected{"on", "e\n", "sec", "ond\n", "\n", "third\n", "last", "end"};
    ask(application, post("/", "one\nsecond\n\nthird\nlast"));
    EXPECT_EQ(got, expected);
    const RawAnswer answer =
        ask(application, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n"
                         "\r\n2\r\non\r\n9\r\ne\nsecond\n\r\nb\r\n\nthird\nlast\r\n0\r\n\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(got, expected);
    ask(application, get("/"));
    EXPECT_EQ(got, (std::vector<std::string>{"", "", "", "", "end"}));
}

TENDRIL_TEST(Wsgi, TooMuchInputAtOnceIs413) {
    const std::string lines(std::size_t{17} << 20, 'x');
    for (const bool line : {true, false}) {
        const RawAnswer answer = ask(
            [=](const Environ& environ, StartResponse& start_response) {
                start_response("200 OK");
                return line ? environ.input().readline() : environ.input().read();
            },
            post("/", lines));
        EXPECT_EQ(answer.status, 413);
    }
}

TENDRIL_TEST(Wsgi, MiddlewareChangesBothWays) {
    const Application inner = [](const Environ& environ, StartResponse& start_response) {
        start_response("200 OK", {{"X-Inner", "1"}});
        return "hello " + std::string(environ["user"]);
    };
    const Application outer = [&](Environ& environ, const StartResponse& start_response) {
        environ.set("user", "me");
        StartResponse adding([&](std::string_view status, const Headers& headers, const std::exception_ptr& error) {
            Headers more(headers);
            more.add("X-Outer", "2");
            return start_response(status, more, error);
        });
        return inner(environ, adding);
    };
    const RawAnswer answer = ask(outer, get("/"));
    EXPECT_EQ(answer.body, "hello me");
    EXPECT_EQ(answer.header("X-Inner"), "1");
    EXPECT_EQ(answer.header("X-Outer"), "2");
}

TENDRIL_TEST(Wsgi, WhatLiesBeneathMayAnswerInstead) {
    std::vector<bool> complete;
    Served served(handler([&](const Environ& environ, StartResponse&) {
        environ.on_complete([&](bool sent) { complete.push_back(sent); });
        environ.errors("a line");
        const std::unique_ptr<Stream> stream = environ.response().upgrade("echo");
        stream->send_all("raw");
        return Chunks();
    }));
    RawHttp client = served.client();
    client.send(get("/", "Connection: Upgrade\r\nUpgrade: echo\r\n"));
    EXPECT_EQ(client.read().status, 101);
    EXPECT_EQ(client.rest(), "raw");
    EXPECT_EQ(complete, std::vector<bool>{true});
    EXPECT_EQ(served.bad_input, std::vector<std::string>{"a line"});
}

TENDRIL_TEST(Wsgi, ServesAListener) {
    Listener listener = listen("127.0.0.1:0");
    auto server = spawn([&] {
        wsgi::server(listener, [](const Environ&, const StartResponse& start_response) -> Chunks {
            start_response("200 OK");
            throw StopServe();
        });
    });
    EXPECT_EQ(RawHttp(listener.address()).ask(get("/")).status, 200);
    server.get();
    EXPECT_THROW(handler({}), std::invalid_argument);
    EXPECT_THROW(file_wrapper(File(), 0), std::invalid_argument);
}

// eventlet.set_idle.
TENDRIL_TEST(Wsgi, AnIdleApplicationEndsWithTheServer) {
    Event idle;
    Served served(handler([&](Environ& environ, StartResponse& start_response) -> Chunks {
        start_response("200 OK");
        const Serving::Idle waits(environ.serving(), IdlePlace::kept);
        idle.set();
        Event().wait();
        return "never";
    }));
    RawHttp client = served.client();
    client.send(get("/"));
    idle.wait();
    EXPECT_EQ(served.server.stop(std::chrono::hours(1)), 0u);
    EXPECT_EQ(client.rest(), "");
}

}  // namespace
}  // namespace tendril::http::wsgi
