// SPDX-License-Identifier: MIT
//
// The chunks that WSGI applications return, and how they are sent.

#include <tendril/http/wsgi.hpp>

#include <gtest/gtest.h>

#include <list>
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
using tendril::testing::RawAnswer;
using tendril::testing::RawHttp;
using tendril::testing::Served;
using tendril::testing::take_unhandled;

RawAnswer ask(Application application, std::string_view request, ServerOptions options = {}) {
    Served served(handler(std::move(application)), std::move(options));
    return served.ask(request);
}

std::string all(Application application, std::string_view request = get("/", "Connection: close\r\n"),
                ServerOptions options = {}) {
    Served served(handler(std::move(application)), std::move(options));
    return served.all(request);
}

TENDRIL_TEST(WsgiChunks, EveryKindOfChunksIsSent) {
    struct Case {
        Application application;
        std::string_view body;
        bool length;
    };
    const auto with = [](auto make) {
        return [make](const Environ&, StartResponse& start_response) -> Chunks {
            start_response("200 OK", {{"Content-Type", "text/plain"}});
            return make();
        };
    };
    const std::string large(100'000, 'x');
    const std::vector<Case> cases{
        {with([] { return Chunks(); }), "", true},
        {with([] { return "text"; }), "text", true},
        {with([&] { return large; }), large, true},
        {with([] {
             return std::vector<std::string>{"a", "", "b"};
         }),
         "ab", true},
        {with([&] {
             return std::vector<std::string>{"a", large};
         }),
         "", false},
        {with([] {
             return std::list<const char*>{"x", "y"};
         }),
         "xy", true},
        {with([]() -> Chunks {
             return {"1", "2", "3"};
         }),
         "123", true},
        {with([] { return [n = 0]() mutable { return n < 3 ? std::optional(std::to_string(n++)) : std::nullopt; }; }),
         "012", true},
    };
    for (const Case& each : cases) {
        const RawAnswer answer = ask(each.application, get("/"));
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.body, each.body.empty() && !each.length ? "a" + large : each.body);
        EXPECT_EQ(answer.header("Content-Length").has_value(), each.length);
        EXPECT_EQ(answer.header("Content-Type"), "text/plain");
    }
    EXPECT_EQ(ask(cases[2].application, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").header("Connection"),
              "keep-alive")
        << "one piece: its length is known, whatever it is";
}

TENDRIL_TEST(WsgiChunks, NoBodyWhereThereMayBeNone) {
    int closed = 0;
    const auto application = [&](const Environ& environ, StartResponse& start_response) {
        start_response(environ["PATH_INFO"] == "/304" ? "304 Not Modified" : "200 OK");
        return Chunks(environ["PATH_INFO"] == "/304" ? "" : "a body").on_close([&] { ++closed; });
    };
    Served served(handler(application));
    RawHttp client = served.client();
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read(true).header("Content-Length"), "6");
    EXPECT_EQ(client.ask(get("/304")).header("Content-Length"), std::nullopt);
    EXPECT_EQ(client.ask(get("/")).body, "a body");
    EXPECT_EQ(closed, 3);
}

TENDRIL_TEST(WsgiChunks, ChunksAreClosedOnceWhateverTheOutcome) {
    std::vector<std::string> closed;
    struct Source {
        std::vector<std::string>& closed;
        std::string_view path;
        bool moved = false;
        int n = 0;
        Source(std::vector<std::string>& to, std::string_view of) : closed(to), path(of) {}
        Source(Source&& other) noexcept : closed(other.closed), path(other.path) { other.moved = true; }
        ~Source() {
            if (!moved) {
                closed.emplace_back("gone");
            }
        }
        std::optional<std::string> operator()() {
            if (path == "/error" && n == 2) {
                throw std::runtime_error("broken");
            }
            if (path == "/endless" || ++n < 4) {
                return std::string(path == "/endless" ? std::size_t{1} << 20 : 5, 'x');
            }
            return std::nullopt;
        }
    };
    Served served(handler([&](const Environ& environ, StartResponse& start_response) -> Chunks {
        if (environ["PATH_INFO"] != "/unstarted") {
            start_response("200 OK");
        }
        return Chunks(Source(closed, environ.request().path())).on_close([&] { closed.emplace_back("hook"); });
    }));
    const std::vector<std::string> once{"hook", "gone"};
    EXPECT_EQ(served.ask(get("/")).body, "xxxxxxxxxxxxxxx");
    EXPECT_EQ(std::exchange(closed, {}), once);
    for (const char* path : {"/error", "/unstarted"}) {
        EXPECT_EQ(served.ask(get(path)).status, 500);
        EXPECT_EQ(std::exchange(closed, {}), once) << path;
    }
    EXPECT_EQ(take_unhandled().size(), 2u);
    {
        RawHttp client = served.client();
        client.send(get("/endless"));
        char c;
        client.socket.recv({&c, 1});
    }  // the client goes away in the middle of the body
    while (closed.size() < 2) {
        yield();
    }
    EXPECT_EQ(std::exchange(closed, {}), once);
    RawHttp lazy = served.client();
    lazy.send(get("/endless"));
    char c;
    lazy.socket.recv({&c, 1});
    served.server.stop(std::chrono::nanoseconds(0));  // kills the handler
    EXPECT_EQ(closed, once);
}

TENDRIL_TEST(WsgiChunks, AnErrorOfCloseIsReported) {
    const std::string answer = all([](const Environ&, StartResponse& start_response) {
        start_response("200 OK");
        return Chunks("whole").on_close([] { throw std::runtime_error("close is broken"); });
    });
    EXPECT_TRUE(answer.ends_with("\r\n\r\nwhole"));
    EXPECT_EQ(take_unhandled().size(), 1u);
}

TENDRIL_TEST(WsgiChunks, SmallPiecesAreCollectedUnlessTheApplicationWantsNone) {
    const auto application = [](Environ& environ, StartResponse& start_response) {
        start_response("200 OK");
        if (environ["QUERY_STRING"] == "now") {
            environ.minimum_write_chunk_size = 0;
        }
        return std::vector<std::string>{"one", "", "two"};
    };
    EXPECT_TRUE(all(application).ends_with("Content-Length: 6\r\nConnection: close\r\n\r\nonetwo"));
    const std::string each = all(application, get("/?now", "Connection: close\r\n"));
    EXPECT_TRUE(each.ends_with("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")) << each;
    const std::string small = all(application, get("/", "Connection: close\r\n"), {.write_coalesce = 4});
    EXPECT_TRUE(small.ends_with("\r\n\r\n6\r\nonetwo\r\n0\r\n\r\n")) << small;
}

TENDRIL_TEST(WsgiChunks, APieceIsSentBeforeTheNextIsMade) {
    Event go;
    Served served(handler([&](Environ& environ, StartResponse& start_response) -> Chunks {
        environ.minimum_write_chunk_size = 0;
        start_response("200 OK");
        return [&go, n = 0]() mutable -> std::optional<std::string> {
            if (n++ == 1) {
                go.wait();
            }
            return n < 3 ? std::optional<std::string>("piece") : std::nullopt;
        };
    }));
    RawHttp client = served.client();
    client.send(get("/"));
    while (client.in.read_line() != "piece") {
    }
    go.set();
    EXPECT_EQ(client.in.read_line(), "5");
}

TENDRIL_TEST(WsgiChunks, AKillInsideAHookIsNotLost) {
    int called = 0;
    bool killed = false;
    auto closing = spawn([&] {
        Chunks chunks("x");
        chunks.on_close([&] { ++called; });
        chunks.on_close([&] {
            ++called;
            sleep(std::chrono::hours(1));
        });
        chunks.on_close([] { throw std::runtime_error("before it"); });
        try {
            chunks.close();
        } catch (const GreenletExit&) {
            killed = true;
            throw;
        }
    });
    yield();
    closing.kill();
    EXPECT_EQ(called, 2);
    EXPECT_TRUE(killed) << "rather than the error";
    EXPECT_TRUE(closing.killed());
}

TENDRIL_TEST(WsgiChunks, AKillInsideAHookOfTheDestructorComesAfterIt) {
    Event go;
    bool hooked = false;
    bool went_on = false;
    auto holder = spawn([&] {
        {
            const Chunks chunks = Chunks("x").on_close([&] {
                go.wait();
                hooked = true;
            });
        }
        yield();
        went_on = true;
    });
    yield();
    holder.kill_nowait();
    yield();
    go.set();
    holder.join();
    EXPECT_TRUE(hooked);
    EXPECT_FALSE(went_on);
    EXPECT_TRUE(holder.killed());
}

TENDRIL_TEST(WsgiChunks, AFileIsSentFromItsPosition) {
    const std::string path = "/tmp/tendril-wsgi-" + std::to_string(::getpid());
    File::open(path, FileMode::write).send_all("0123456789");
    const auto application = [&](const Environ& environ, StartResponse& start_response) {
        const bool part = environ["PATH_INFO"] == "/part";
        const Write write = start_response("200 OK", part ? Headers{{"Content-Length", "3"}} : Headers{});
        if (environ["PATH_INFO"] == "/after") {
            write("before ");
        }
        File file = File::open(path);
        file.seek(environ["PATH_INFO"] == "/behind" ? 20 : 4);
        Chunks chunks = file_wrapper(std::move(file), 4);
        if (environ["PATH_INFO"] == "/pieces") {  // iterates, as middleware may
            return Chunks([inner = std::make_shared<Chunks>(std::move(chunks))]() -> std::optional<std::string> {
                const auto piece = inner->next();
                return piece ? std::optional("[" + std::string(*piece) + "]") : std::nullopt;
            });
        }
        return chunks;
    };
    Served served(handler(application));
    const RawAnswer answer = served.ask(get("/"));
    EXPECT_EQ(answer.body, "456789");
    EXPECT_EQ(answer.header("Content-Length"), "6");
    EXPECT_EQ(served.ask(get("/part")).body, "456");
    EXPECT_EQ(served.ask(get("/after")).body, "before 456789");
    EXPECT_EQ(served.ask(get("/behind")).body, "");
    EXPECT_EQ(served.ask(get("/pieces")).body, "[4567][89]");
    RawHttp client = served.client();
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read(true).header("Content-Length"), "6");
    EXPECT_EQ(client.ask(get("/part")).body, "456");
    ::unlink(path.c_str());
}

}  // namespace
}  // namespace tendril::http::wsgi
