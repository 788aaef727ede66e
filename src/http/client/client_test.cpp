// SPDX-License-Identifier: MIT
//
// The client's requests and responses, with a server that sends what each test wants. Connections: see
// client_pool_test.cpp; redirects, proxies and cookies: client_redirect_test.cpp.

#include <tendril/http/client.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <string>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"
#include "http/message/deflate.hpp"
#include "raw_http_server.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using testing::RawHttpConnection;
using testing::RawHttpServer;

std::string gzipped(const std::string& text) {
    std::string out;
    detail::Deflater deflater(detail::Wrapping::gzip);
    deflater.write(text, out);
    deflater.finish(out);
    return out;
}

// Returns: "status body" if the client accepts these bytes as a response, else what() of its error.
std::string fetched(const std::string& said, const std::string& method = "GET") {
    RawHttpServer server([&](RawHttpConnection& c) {
        c.request();
        c.say(said);
    });
    Client client;
    try {
        ClientResponse response = client.request({.method = method, .url = server.url()});
        return std::to_string(response.status()) + " " + response.text();
    } catch (const ProtocolError& e) {
        return e.what();
    }
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

// A body that comes in the given pieces.
class Pieces final : public Source {
public:
    explicit Pieces(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
    std::size_t recv(Buffer buffer, Deadline) override {
        if (at_ == pieces_.size()) {
            return 0;
        }
        const std::string piece = pieces_[at_++];
        if (piece == "fail") {
            throw std::runtime_error("the source failed");
        }
        if (piece == "wait") {
            Event().wait();
        }
        return piece.copy(reinterpret_cast<char*>(buffer.data()), buffer.size());
    }
    void close() noexcept override {}
    bool is_open() const noexcept override { return true; }

private:
    std::vector<std::string> pieces_;
    std::size_t at_ = 0;
};

TENDRIL_TEST(HttpClient, SendsARequestAndReadsTheResponse) {
    std::string seen;
    RawHttpServer server([&](RawHttpConnection& c) {
        seen = *c.request();
        c.answer("hello", "X-Is: 1\r\n");
    });
    ClientResponse response = get(server.url("/a?b=c#d"), {.headers = {{"X-Mine", "2"}}});
    EXPECT_EQ(response.status(), 200);
    EXPECT_EQ(response.reason(), "OK");
    EXPECT_TRUE(response.ok());
    EXPECT_EQ(response.header("x-is"), "1");
    EXPECT_EQ(response.length(), 5U);
    EXPECT_EQ(response.url().path(), "/a");
    EXPECT_EQ(response.text(), "hello");
    EXPECT_EQ(response.text(), "");
    const std::string host = Url(server.url()).host_header();
    EXPECT_EQ(seen,
              "GET /a?b=c HTTP/1.1\r\nHost: " + host +
                  "\r\nX-Mine: 2\r\nUser-Agent: tendril\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n\r\n");
    EXPECT_TRUE(post(server.url(), "x", "text/plain").ok());
    EXPECT_NE(seen.find("\r\nContent-Type: text/plain\r\n"), std::string::npos) << seen;
}

TENDRIL_TEST(HttpClient, ReadsEveryKindOfBody) {
    EXPECT_EQ(fetched("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcX"), "200 abc");
    EXPECT_EQ(fetched("HTTP/1.0 200 OK\r\n\r\nuntil the end"), "200 until the end");
    EXPECT_EQ(fetched("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
              "200 abcde");
    EXPECT_EQ(fetched("HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n"), "204 ");
    EXPECT_EQ(fetched("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD"), "200 ");
    EXPECT_EQ(fetched("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 404 No\r\n"
                      "Content-Length: 1\r\n\r\nx"),
              "404 x");
}

TENDRIL_TEST(HttpClient, RefusesWhatIsNoHttp) {
    EXPECT_TRUE(contains(fetched("220 smtp.example.org ESMTP\r\n"), "not HTTP"));
    EXPECT_TRUE(contains(fetched(""), "ended before the response"));
    EXPECT_TRUE(contains(fetched("HTTP/1.1 200 O"), "middle of the response's head"));
    EXPECT_TRUE(contains(fetched("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"), "ended before the body"));
    EXPECT_TRUE(contains(fetched("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"), "chunk size"));
    EXPECT_TRUE(
        contains(fetched("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), "before the body"));
    EXPECT_TRUE(contains(fetched("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"), "differ"));
    EXPECT_TRUE(contains(fetched("HTTP/1.1 101 Switching Protocols\r\n\r\n"), "without being asked"));
}

std::string coded(detail::Wrapping wrapping, const std::string& text) {
    std::string out;
    detail::Deflater deflater(wrapping);
    deflater.write(text, out);
    deflater.finish(out);
    return out;
}

// Responses that curl, Python and Go accept too: docs/design/0013.
TENDRIL_TEST(HttpClient, IsLenientWithContentCodings) {
    using detail::Wrapping;
    const auto decoded = [](const std::string& coding, const std::string& body) {
        return fetched("HTTP/1.1 200 OK\r\nContent-Encoding: " + coding +
                       "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    };
    const std::string text = "some text, some text, some text";
    for (const Wrapping wrapping : {Wrapping::raw, Wrapping::zlib, Wrapping::gzip}) {
        EXPECT_EQ(decoded("deflate", coded(wrapping, text)), "200 " + text);
    }
    const std::string member = coded(Wrapping::gzip, text);
    EXPECT_EQ(decoded("gzip", member + std::string(20000, 'x')), "200 " + text) << "what follows is passed over";
    EXPECT_EQ(decoded("x-GZIP", member + member), "200 " + text + text);
    EXPECT_EQ(decoded("gzip", member + std::string(1, '\0') + member), "200 " + text);
    EXPECT_EQ(decoded("deflate", coded(Wrapping::zlib, text) + "x"), "200 " + text);
    EXPECT_EQ(decoded("gzip, identity", member), "200 " + text);
    EXPECT_EQ(decoded("identity", "abc"), "200 abc");
    EXPECT_EQ(decoded("gzip, gzip", "abc"), "200 abc") << "as it came";
    EXPECT_TRUE(contains(decoded("gzip", coded(Wrapping::raw, text)), "malformed")) << "gzip must be that, or zlib";
}

TENDRIL_TEST(HttpClient, DoubtfulFramingEndsTheConnection) {
    RawHttpServer server([](RawHttpConnection& c) {
        while (c.request()) {
            c.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n1\r\na\r\n0\r\n\r\n");
        }
    });
    Client client;
    EXPECT_EQ(client.get(server.url()).text(), "a");
    EXPECT_EQ(client.get(server.url()).text(), "a");
    EXPECT_EQ(client.stats().made, 2U);
}

TENDRIL_TEST(HttpClient, HasTheTrailers) {
    RawHttpServer server([](RawHttpConnection& c) {
        c.request();
        c.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n");
    });
    ClientResponse response = get(server.url());
    EXPECT_TRUE(response.trailers().empty());
    EXPECT_EQ(response.text(), "a");
    EXPECT_EQ(response.trailers().get("X-Sum"), "1");
    EXPECT_FALSE(response.headers().contains("X-Sum"));
}

TENDRIL_TEST(HttpClient, ContentThatWasCutShortIsNeverTakenForAWhole) {
    RawHttpServer server([](RawHttpConnection& c) {
        c.request();
        c.answer(gzipped(std::string(100000, 'x')).substr(0, 60), "Content-Encoding: gzip\r\n");
    });
    ClientResponse response = get(server.url());
    EXPECT_THROW(response.text(), ProtocolError);
    EXPECT_THROW(response.text(), ProtocolError) << "nor when it is asked for again";
}

TENDRIL_TEST(HttpClient, DecodesWhatWasCompressed) {
    const std::string text(100000, 'x');
    const std::string coded = gzipped(text);
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ";
    EXPECT_EQ(fetched(head + std::to_string(coded.size()) + "\r\n\r\n" + coded), "200 " + text);
    EXPECT_EQ(fetched(head + "0\r\n\r\n"), "200 ");
    EXPECT_TRUE(contains(fetched(head + "20\r\n\r\n" + coded.substr(0, 20)), "ended too soon"));
    EXPECT_TRUE(contains(fetched(head + "3\r\n\r\nabc"), "malformed HTTP"));
    EXPECT_EQ(fetched("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx"), "200 x");

    RawHttpServer server([&](RawHttpConnection& c) {
        while (c.request()) {
            c.answer(coded, "Content-Encoding: gzip\r\n");
        }
    });
    Client client;
    EXPECT_EQ(client.request({.url = server.url(), .headers = {{"Accept-Encoding", "gzip"}}}).text(), coded);
    EXPECT_EQ(client.request({.url = server.url(), .decompress = false}).text(), coded);
    EXPECT_THROW(client.get(server.url()).text(1000), ProtocolError) << "the bound is for what comes out";
}

TENDRIL_TEST(HttpClient, SendsBodies) {
    std::vector<std::string> seen;
    RawHttpServer server([&](RawHttpConnection& c) {
        while (const auto head = c.request()) {
            const std::size_t at = head->find("Content-Length: ");
            if (at != std::string::npos) {
                seen.push_back(c.body(std::stoul(head->substr(at + 16))));
            } else {
                std::string text;
                for (std::string line = c.line(); line != "\r"; line = c.line()) {
                    text += line + "\n";
                }
                seen.push_back(text);
            }
            c.answer("");
        }
    });
    Client client;
    EXPECT_TRUE(client.post(server.url(), "short").ok());
    EXPECT_TRUE(client.post(server.url(), std::string(300000, 'l')).ok());
    EXPECT_TRUE(client.request({.method = "PUT", .url = server.url(), .body = {Pieces({"ab", "cd"}), 3}}).ok());
    EXPECT_TRUE(client
                    .request({.method = "PUT",
                              .url = server.url(),
                              .body = Pieces({"ab", "cde"}),
                              .trailers =
                                  [] {
                                      return Headers{{"X-Sum", "5"}};
                                  }})
                    .ok());
    EXPECT_TRUE(client.post(server.url(), "").ok());
    ASSERT_EQ(seen.size(), 5U);
    EXPECT_EQ(seen[0], "short");
    EXPECT_EQ(seen[1], std::string(300000, 'l'));
    EXPECT_EQ(seen[2], "abc");
    EXPECT_EQ(seen[3], "2\r\nab\r\n3\r\ncde\r\n0\r\nX-Sum: 5\r\n");
    EXPECT_EQ(seen[4], "");
    EXPECT_EQ(server.connections(), 1U);
}

TENDRIL_TEST(HttpClient, TellsOfABodyThatCannotBeRead) {
    RawHttpServer server([](RawHttpConnection& c) {
        c.request();
        c.at_end();
        c.body(100);
    });
    Client client;
    try {
        client.request({.method = "PUT", .url = server.url(), .body = Pieces({"ab", "fail"})});
        ADD_FAILURE() << "it was sent";
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "the source failed");
    }
    EXPECT_THROW(client.request({.method = "PUT", .url = server.url(), .body = {Pieces({"ab"}), 5}}),
                 std::runtime_error);
    EXPECT_EQ(client.stats().open, 0U);
}

TENDRIL_TEST(HttpClient, TakesAnAnswerThatComesBeforeTheBody) {
    RawHttpServer server([](RawHttpConnection& c) {
        c.request();
        c.answer("too much", "", "413 Content Too Large");
        c.at_end();
    });
    Client client;
    ClientResponse response = client.request({.method = "PUT", .url = server.url(), .body = Pieces({"ab", "wait"})});
    EXPECT_EQ(response.status(), 413);
    EXPECT_EQ(response.text(), "too much");
    EXPECT_EQ(client.stats().open, 0U) << "half a request was sent";
    yield();
}

TENDRIL_TEST(HttpClient, SendsAndReadsAtTheSameTime) {
    RawHttpServer server([](RawHttpConnection& c) {
        c.request();
        c.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (std::string size = c.line(); size != "0\r"; size = c.line()) {
            c.say("1\r\n" + c.line().substr(0, 1) + "\r\n");
        }
        c.say("0\r\n\r\n");
    });
    auto [ours, theirs] = TcpSocket::pair();
    Client client;
    ClientResponse response = client.request({.method = "POST", .url = server.url(), .body = std::move(theirs)});
    char c = 0;
    for (const char* each : {"a", "b"}) {
        ours.send_all(each);
        EXPECT_EQ(response.body().recv({&c, 1}), 1U);
        EXPECT_EQ(c, *each);
    }
    ours.close();
    EXPECT_EQ(response.text(), "");
    EXPECT_EQ(client.stats().idle, 1U);
}

TENDRIL_TEST(HttpClient, WaitsForTheWordToGoOn) {
    std::vector<std::string> seen;
    RawHttpServer server([&](RawHttpConnection& c) {
        const std::string head = *c.request();
        if (contains(head, "/no")) {
            c.answer("no", "", "403 Forbidden");
            EXPECT_TRUE(c.at_end()) << "the body was sent";
        } else if (contains(head, "/never") && contains(head, "Expect")) {
            c.answer("", "Connection: close\r\n", "417 Expectation Failed");
        } else {
            if (contains(head, "/yes")) {
                c.say("HTTP/1.1 100 Continue\r\n\r\n");
            }
            seen.push_back(c.body(4));
            c.answer("");
        }
    });
    Client client({.continue_timeout = 5ms});
    const auto put = [&](const char* path) {
        return client.request({.method = "PUT", .url = server.url(path), .body = "text", .expect_continue = true})
            .status();
    };
    EXPECT_EQ(put("/yes"), 200);
    EXPECT_EQ(put("/no"), 403);
    EXPECT_EQ(put("/silent"), 200);
    EXPECT_EQ(put("/never"), 200) << "once more, without the expectation";
    EXPECT_EQ(seen, (std::vector<std::string>{"text", "text", "text"}));
}

TENDRIL_TEST(HttpClient, KeepsItsTimeLimits) {
    RawHttpServer server([](RawHttpConnection& c) {
        if (contains(*c.request(), "/body")) {
            c.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
        }
        c.at_end();
    });
    EXPECT_THROW(get(server.url(), {.first_byte_timeout = 5ms}), TimeoutError);
    EXPECT_THROW(get(server.url(), {}, 5ms), TimeoutError);
    EXPECT_THROW(get(server.url(), {.total_timeout = 5ms}), TimeoutError);
    EXPECT_THROW(get(server.url("/body"), {.body_timeout = 5ms}).text(), TimeoutError);
    EXPECT_THROW(get(server.url("/body"), {.total_timeout = 5ms}).text(), TimeoutError);
    ClientResponse response = get(server.url("/body"));
    EXPECT_THROW(response.text(100, 5ms), TimeoutError);
    EXPECT_FALSE(with_timeout(5ms, [&] { return response.text(); }).has_value());
    char buffer[10];
    EXPECT_EQ(response.body().recv(buffer), 2U) << "what had come is not lost";
}

TENDRIL_TEST(HttpClient, ClosesTheConnectionWhenItIsKilled) {
    Event closed;
    RawHttpServer server([&](RawHttpConnection& c) {
        c.request();
        if (c.number == 1) {
            c.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
        }
        c.at_end();
        closed.set();
    });
    Client client;
    auto waiting = spawn([&] { client.get(server.url()); });
    testing::until_waiting_for_io(3);
    waiting.kill();
    closed.wait();
    closed.clear();
    auto reading = spawn([&] { client.get(server.url()).text(); });
    testing::until_waiting_for_io(3);
    reading.kill();
    closed.wait();
    EXPECT_EQ(client.stats().open, 0U);
}

TENDRIL_TEST(HttpClient, HandsOverAnUpgradedConnection) {
    RawHttpServer server([](RawHttpConnection& c) {
        EXPECT_TRUE(contains(*c.request(), "Upgrade: echo\r\n"));
        c.say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhello");
        c.say(c.body(4));
    });
    Client client;
    ClientResponse response =
        client.request({.url = server.url(), .headers = {{"Upgrade", "echo"}, {"Connection", "Upgrade"}}});
    const std::unique_ptr<Stream> stream = response.upgrade();
    EXPECT_THROW(response.upgrade(), std::logic_error);
    std::string text(9, '\0');
    stream->send_all("ping");
    EXPECT_EQ(stream->recv_exactly(text), 9U);
    EXPECT_EQ(text, "helloping");
    EXPECT_EQ(client.stats().open, 0U);
}

TENDRIL_TEST(HttpClient, RefusesWhatWouldBreakARequest) {
    Client client;
    const Url url("http://127.0.0.1:1/");
    EXPECT_THROW(client.request({.method = "GET /x", .url = url}), std::invalid_argument);
    EXPECT_THROW(client.request({.method = "CONNECT", .url = url}), std::invalid_argument);
    EXPECT_THROW(client.request({.url = url, .headers = {{"Content-Length", "1"}}}), std::invalid_argument);
    EXPECT_THROW(client.request({.url = url, .headers = {{"Transfer-Encoding", "chunked"}}}), std::invalid_argument);
    EXPECT_THROW(Client({.per_origin = 0}), std::invalid_argument);
    EXPECT_THROW(Client({.user_agent = "x\r\nevil: 1"}), std::invalid_argument);
    EXPECT_THROW(Client({.proxy = Url("https://a/")}), std::invalid_argument);
    EXPECT_THROW(client.get(url), std::system_error) << "nobody listens there";
    EXPECT_EQ(client.stats().open, 0U);
}

TENDRIL_TEST(HttpClient, SpeaksTlsAndVerifies) {
    RawHttpServer server([](RawHttpConnection& c) { c.answer_all("secret"); }, "127.0.0.1:0", true);
    Client client({.tls = TlsOptions{.ca_file = testing::authority().certificate()}});
    EXPECT_EQ(client.get(server.url()).text(), "secret");
    EXPECT_EQ(client.get(server.url()).text(), "secret");
    EXPECT_EQ(server.connections(), 1U);
    EXPECT_THROW(get(server.url()), TlsError) << "an authority that is not the system's";
}

TENDRIL_TEST(HttpClient, SpeaksToASocketOfTheUnixDomain) {
    const std::string name = "@tendril-http-client-" + std::to_string(::getpid());
    RawHttpServer server([](RawHttpConnection& c) { c.answer_all("local"); }, "unix:" + name);
    EXPECT_EQ(get("http+unix://%40" + name.substr(1) + "/x").text(), "local");
}

}  // namespace
}  // namespace tendril::http
