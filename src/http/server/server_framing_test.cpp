// SPDX-License-Identifier: MIT
//
// How a response frames its body, by its status and its request; upgrades; the defaults of a body.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "green_test.hpp"
#include "http_server.hpp"

namespace tendril::http {
namespace {

using testing::get;
using testing::RawAnswer;
using testing::RawHttp;
using testing::Served;

void echo(Request&, Response& response) {
    const std::unique_ptr<Stream> stream = response.upgrade("echo");
    char buffer[100];
    while (const std::size_t n = stream->recv(buffer)) {
        stream->send_all({buffer, n});
    }
}

constexpr std::string_view upgrading = "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n";

TENDRIL_TEST(HttpServerFraming, AnUpgradeBeginsBehindTheRequestsBody) {
    for (const std::string body : {"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
                                   "Content-Length: 5\r\n\r\nhello"}) {
        Served served(echo);
        RawHttp client = served.client();
        client.send(std::string(upgrading) + body + "early");
        EXPECT_EQ(client.read().status, 101);
        client.socket.shutdown(Shutdown::write);
        EXPECT_EQ(client.rest(), "early");
    }
}

TENDRIL_TEST(HttpServerFraming, AnUpgradeWithABodyThatIsBadOrTooLongIsRefused) {
    Served served(echo, {.max_body = 1000});
    const auto status = [&](const std::string& rest) { return served.ask(std::string(upgrading) + rest).status; };
    EXPECT_EQ(status("Transfer-Encoding: chunked\r\n\r\nx\r\n"), 400);
    EXPECT_EQ(status("Content-Length: 1001\r\n\r\n"), 413);
    Served large(echo);
    EXPECT_EQ(large.ask(std::string(upgrading) + "Content-Length: 400000\r\n\r\n" + std::string(400000, 'x')).status,
              413);
    EXPECT_EQ(served.server.stats().errors, 0U);
}

TENDRIL_TEST(HttpServerFraming, AnUpgradeThatExpects100IsToldToGoOnFirst) {
    Served served(echo);
    RawHttp client = served.client();
    client.send(std::string(upgrading) + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(client.read().status, 100);
    client.send("hello");
    EXPECT_EQ(client.read().status, 101);
}

TENDRIL_TEST(HttpServerFraming, AnOfferToUpgradeSaysConnectionUpgrade) {
    Served served([](Request& request, Response& response) {
        if (request.path() == "/forgotten") {
            response.send(426, "no");
            return;
        }
        response.set("Upgrade", "echo").send(426, "ask for it", "text/plain");
    });
    RawHttp client = served.client();
    EXPECT_EQ(client.ask(get("/")).header("Connection"), "Upgrade");
    EXPECT_EQ(client.ask(get("/", "Connection: close\r\n")).header("Connection"), "close, Upgrade");
    EXPECT_EQ(served.ask(get("/forgotten")).status, 500);
    EXPECT_EQ(testing::take_unhandled().size(), 1U);
}

TENDRIL_TEST(HttpServerFraming, ResetContentHasNone) {
    Served served([](Request& request, Response& response) {
        if (request.path() == "/body") {
            response.send(205, "body");
        } else if (request.path() == "/pieces") {
            response.status(205).write("body");
        } else if (request.path() == "/flush") {
            response.status(205).flush();
        } else {
            response.status(205);
        }
    });
    for (const char* path : {"/", "/flush"}) {
        const RawAnswer answer = served.ask(get(path));
        EXPECT_EQ(answer.status, 205);
        EXPECT_EQ(answer.header("Content-Length"), "0");
        EXPECT_EQ(answer.header("Transfer-Encoding"), std::nullopt);
    }
    for (const char* path : {"/body", "/pieces"}) {
        EXPECT_EQ(served.ask(get(path)).status, 500);
    }
    EXPECT_EQ(testing::take_unhandled().size(), 2U);
}

TENDRIL_TEST(HttpServerFraming, ConnectThatIsAnsweredWithoutATunnelHasNoLength) {
    Served served([](Request& request, Response& response) {
        if (request.header("X") == "pieces") {
            response.write("hello");
            response.flush();
        } else if (request.header("X") == "no") {
            response.send(403, "no");
        } else {
            response.send("hello");
        }
    });
    const auto connect = [](std::string_view x) {
        return "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nX: " + std::string(x) + "\r\n\r\n";
    };
    for (const char* how : {"whole", "pieces"}) {
        const std::string all = served.all(connect(how));
        EXPECT_TRUE(all.starts_with("HTTP/1.1 200 ")) << all;
        EXPECT_TRUE(all.ends_with("\r\n\r\n")) << all;
        EXPECT_EQ(all.find("Content-Length"), std::string::npos) << all;
        EXPECT_EQ(all.find("Transfer-Encoding"), std::string::npos) << all;
    }
    EXPECT_EQ(served.ask(connect("no")).body, "no");
}

TENDRIL_TEST(HttpServerFraming, InterimAnswersAndUpgradesHaveNoFraming) {
    Served served([](Request& request, Response& response) {
        const Headers framing{{"Content-Length", "5"}, {"Connection", "close"}, {"X", "y"}};
        response.send_interim(103, framing);
        for (const Headers::Field field : framing) {
            response.set(field.name, field.value);
        }
        echo(request, response);
    });
    RawHttp client = served.client();
    for (const int status : {103, 101}) {
        const RawAnswer answer =
            status == 103 ? client.ask(get("/", "Connection: Upgrade\r\nUpgrade: echo\r\n")) : client.read();
        EXPECT_EQ(answer.status, status);
        EXPECT_EQ(answer.header("Content-Length"), std::nullopt);
        EXPECT_EQ(answer.header("X"), "y");
    }
}

TENDRIL_TEST(HttpServerDefaults, ABodyWithoutATypeIsTextThatNobodyGuessesAt) {
    Served served([](Request& request, Response& response) {
        if (request.path() == "/pieces") {
            response.write("<html>");
            response.flush();
        } else if (request.path() == "/typed") {
            response.send("<html>", "text/html");
        } else if (request.path() == "/set") {
            response.set("Content-Type", "a/b").send("x");
        } else if (request.path() == "/empty") {
            response.send("");
        } else {
            response.send("<html>");
        }
    });
    for (const char* path : {"/", "/pieces"}) {
        const RawAnswer answer = served.ask(get(path));
        EXPECT_EQ(answer.header("Content-Type"), "text/plain; charset=utf-8") << path;
        EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff") << path;
    }
    EXPECT_EQ(served.ask(get("/typed")).header("Content-Type"), "text/html");
    EXPECT_EQ(served.ask(get("/set")).header("Content-Type"), "a/b");
    EXPECT_EQ(served.ask(get("/empty")).header("Content-Type"), std::nullopt);
}

TENDRIL_TEST(HttpServerDefaults, BodiesHaveALimitThatAHandlerMayRaise) {
    Served served([](Request& request, Response& response) {
        if (request.path() == "/large") {
            request.limit_body(UINT64_MAX);
        }
        char buffer[10];
        response.send(std::to_string(request.body().recv(buffer)));
    });
    const std::string large = " HTTP/1.1\r\nHost: a\r\nContent-Length: 16777217\r\n\r\nhello";
    EXPECT_EQ(served.ask("POST /" + large).status, 413);
    EXPECT_EQ(served.ask("POST /large" + large).body, "5");
}

}  // namespace
}  // namespace tendril::http
