// SPDX-License-Identifier: MIT
//
// Which server the client asks, and what it sends there: redirects, proxies, cookies, credentials.

#include <tendril/http/client.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/http/cookie_jar.hpp>

#include "green_test.hpp"
#include "http/client/request_writer.hpp"
#include "raw_http_server.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using detail::redirected;
using detail::ResponseHead;
using testing::RawHttpConnection;
using testing::RawHttpServer;

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

ResponseHead redirect(int status, std::string_view location) {
    ResponseHead head;
    head.status = status;
    head.headers.add("Location", location);
    return head;
}

TEST(HttpRedirect, KeepsOrChangesTheMethod) {
    const ClientRequest post{.method = "POST", .url = "http://a/", .headers = {{"Content-Type", "x"}}, .body = "b"};
    for (const int status : {301, 302, 303}) {
        const auto next = redirected(post, redirect(status, "/x"), {});
        ASSERT_TRUE(next.has_value());
        EXPECT_EQ(next->method, "GET");
        EXPECT_TRUE(next->body.empty());
        EXPECT_FALSE(next->headers.contains("Content-Type"));
    }
    for (const int status : {307, 308}) {
        const auto next = redirected(post, redirect(status, "/x"), {});
        EXPECT_EQ(next->method, "POST");
        EXPECT_EQ(next->body.content(), "b");
    }
    const ClientRequest put{.method = "PUT", .url = "http://a/", .body = "b"};
    EXPECT_EQ(redirected(put, redirect(302, "/x"), {})->method, "PUT");
    EXPECT_EQ(redirected(put, redirect(303, "/x"), {})->method, "GET");
    const ClientRequest head{.method = "HEAD", .url = "http://a/"};
    EXPECT_EQ(redirected(head, redirect(303, "/x"), {})->method, "HEAD");

    ClientRequest stream = put;
    stream.body = TcpSocket();
    EXPECT_FALSE(redirected(stream, redirect(307, "/x"), {}).has_value());
    EXPECT_EQ(redirected(stream, redirect(303, "/x"), {})->method, "GET");
    EXPECT_FALSE(redirected(put, redirect(304, "/x"), {}).has_value());
    EXPECT_FALSE(redirected(put, redirect(300, "/x"), {}).has_value());
    EXPECT_FALSE(redirected(put, ResponseHead{.status = 302}, {}).has_value()) << "no Location";
}

TEST(HttpRedirect, TakesNoSecretsToAnotherOrigin) {
    const ClientRequest request{
        .url = "https://a/x#part",
        .headers = {
            {"Authorization", "secret"}, {"Cookie", "a=b"}, {"Host", "b"}, {"X-Api-Key", "1"}, {"accept", "*/*"}}};
    const auto same = redirected(request, redirect(302, "/y"), {});
    EXPECT_EQ(same->headers.size(), 5U);
    EXPECT_EQ(same->url.to_string(), "https://a/y#part");
    for (const char* other : {"https://a:444/", "https://b/", "//a.b/#x"}) {
        const auto next = redirected(request, redirect(302, other), {});
        EXPECT_EQ(next->headers.size(), 1U) << other;
        EXPECT_TRUE(next->headers.contains("Accept"));
    }
    ClientRequest plain{.url = "https://a/"};
    detail::complete(plain, {.headers = {{"Authorization", "of every request's"}, {"X", "1"}, {"X", "2"}}});
    EXPECT_EQ(redirected(plain, redirect(302, "https://b/"), {})->headers.size(), 0U);
    const ClientOptions allows{.cross_origin_headers = {"x", "host"}};
    EXPECT_EQ(redirected(plain, redirect(302, "https://b/"), allows)->headers.joined("X"), "1, 2");
    EXPECT_EQ(redirected(request, redirect(302, "https://b/"), allows)->headers.count("Host"), 0U);
    EXPECT_THROW(redirected(request, redirect(302, "http://a/"), {}), ProtocolError);
    EXPECT_TRUE(redirected(request, redirect(302, "http://a/"), {.allow_downgrade = true}).has_value());
    for (const char* bad :
         {"ftp://a/", "http://", "http://u:p@a/", "http+unix://%2Frun%2Fdocker.sock/", "ws://a/", "\\\\a\\b"}) {
        EXPECT_THROW(redirected({.url = "http://a/"}, redirect(302, bad), {}), ProtocolError) << bad;
    }
    EXPECT_FALSE(redirected(request, redirect(302, ""), {}).has_value()) << "empty: the caller gets it";
    EXPECT_EQ(redirected(request, redirect(302, "?q=100%&r=%zz%41#f"), {})->url.to_string(),
              "https://a/x?q=100%25&r=%25zz%41#f");
    ResponseHead same_twice = redirect(302, "/a");
    same_twice.headers.add("Location", "/a");
    EXPECT_EQ(redirected(request, same_twice, {})->url.path(), "/a");
    ResponseHead two = redirect(302, "/a");
    two.headers.add("Location", "/b");
    EXPECT_THROW(redirected(request, two, {}), ProtocolError);
}

TENDRIL_TEST(HttpClientRedirect, IsNotDelayedByItsBody) {
    RawHttpServer server([](RawHttpConnection& c) {
        while (const auto head = c.request()) {
            if (!contains(*head, " /slow")) {
                c.answer("here");
                continue;
            }
            c.say("HTTP/1.1 302 Found\r\nLocation: /fast\r\nTransfer-Encoding: chunked\r\n\r\n");
            try {
                for (;;) {  // a byte now and then, without end
                    c.say("1\r\nx\r\n");
                    sleep(1ms);
                }
            } catch (const std::system_error&) {
                return;
            }
        }
    });
    Client client;
    EXPECT_EQ(client.get(server.url("/slow")).text(), "here");
}

TENDRIL_TEST(HttpClientRedirect, IsFollowed) {
    RawHttpServer server([](RawHttpConnection& c) {
        while (const auto head = c.request()) {
            if (contains(*head, " /loop")) {
                c.answer("again", "Location: /loop\r\n", "302 Found");
            } else if (contains(*head, " /long")) {
                c.say("HTTP/1.1 301 Moved\r\nLocation: b\r\nContent-Length: 999999\r\n\r\n");
                c.at_end();
            } else if (contains(*head, " /a")) {
                c.answer("moved", "Location: b\r\n", "301 Moved");
            } else {
                c.answer("here");
            }
        }
    });
    Client client({.body_timeout = 5ms});
    ClientResponse response = client.get(server.url("/a"));
    EXPECT_EQ(response.text(), "here");
    EXPECT_EQ(response.url().path(), "/b");
    ASSERT_EQ(response.redirects().size(), 1U);
    EXPECT_EQ(response.redirects()[0].status, 301);
    EXPECT_EQ(response.redirects()[0].url.path(), "/a");
    EXPECT_EQ(server.connections(), 1U);
    EXPECT_THROW(client.get(server.url("/loop")), ProtocolError);
    EXPECT_EQ(client.request({.url = server.url("/loop"), .redirects = 0}).status(), 302);
    EXPECT_EQ(client.get(server.url("/long")).text(), "here") << "what is behind a redirect is not waited for";
}

TENDRIL_TEST(HttpClientProxy, IsAskedForPlainUrls) {
    std::vector<std::string> seen;
    RawHttpServer proxy([&](RawHttpConnection& c) {
        while (const auto head = c.request()) {
            seen.push_back(*head);
            c.answer("by the proxy");
        }
    });
    std::string asked;
    RawHttpServer straight([&](RawHttpConnection& c) {
        asked = *c.request();
        c.answer("straight");
    });
    const Url at(proxy.url().replace(7, 0, "me:p%40ss@"), UserInfo::allowed);
    Client client({.proxy = at, .no_proxy = {"127.0.0.1"}});
    EXPECT_EQ(client.get("http://example.invalid/a?b").text(), "by the proxy");
    EXPECT_EQ(client.get("http://other.invalid:81/").text(), "by the proxy");
    const Headers own{{"Proxy-Authorization", "Bearer x"}};
    EXPECT_EQ(client.request({.url = "http://own.invalid/", .headers = own}).text(), "by the proxy");
    EXPECT_EQ(client.request({.url = straight.url(), .headers = own}).text(), "straight");
    EXPECT_FALSE(contains(asked, "Proxy-Auth")) << "no server's business";
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_TRUE(contains(seen[2], "Proxy-Authorization: Bearer x\r\n"));
    EXPECT_FALSE(contains(seen[2], "Basic"));
    EXPECT_TRUE(seen[0].starts_with("GET http://example.invalid/a?b HTTP/1.1\r\nHost: example.invalid\r\n"));
    EXPECT_TRUE(contains(seen[0], "Proxy-Authorization: Basic bWU6cEBzcw==\r\n"));
    EXPECT_TRUE(seen[1].starts_with("GET http://other.invalid:81/ HTTP/1.1\r\nHost: other.invalid:81\r\n"));
    EXPECT_EQ(proxy.connections(), 1U) << "one connection serves all origins";
}

TENDRIL_TEST(HttpClientProxy, OpensATunnelForTls) {
    std::vector<std::string> seen;
    RawHttpServer server(
        [&](RawHttpConnection& c) {
            while (const auto head = c.request()) {
                seen.push_back(*head);
                c.answer("through");
            }
        },
        "127.0.0.1:0", true);
    RawHttpServer proxy([&](RawHttpConnection& c) {
        seen.push_back(*c.request());
        if (contains(seen.back(), "refused")) {
            c.answer("no", "", "403 Forbidden");
            return;
        }
        TcpSocket to = connect("127.0.0.1", Url(server.url()).port());
        c.say("HTTP/1.1 200 Go on\r\n\r\n");
        Group both;
        auto back = both.spawn([&] {
            char buffer[4096];
            while (const std::size_t n = to.recv(buffer)) {
                c.stream().send_all({buffer, n});
            }
        });
        char buffer[4096];
        while (const std::size_t n = c.stream().recv(buffer)) {
            to.send_all({buffer, n});
        }
        back.kill();
    });
    Client client({.tls = TlsOptions{.ca_file = testing::authority().certificate()}, .proxy = Url(proxy.url())});
    EXPECT_EQ(client.get(server.url("/x")).text(), "through");
    EXPECT_EQ(client.get(server.url("/x")).text(), "through");
    ASSERT_EQ(seen.size(), 3U);
    const std::string host = Url(server.url()).host_header();
    EXPECT_EQ(seen[0], "CONNECT " + host + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    EXPECT_TRUE(seen[1].starts_with("GET /x HTTP/1.1\r\n"));
    EXPECT_THROW(client.get("https://refused.invalid/"), ProtocolError);
    EXPECT_EQ(client.stats().open, 1U);

    seen.clear();
    Client with({.tls = TlsOptions{.ca_file = testing::authority().certificate()},
                 .proxy = Url(proxy.url().replace(7, 0, "me:secret@"), UserInfo::allowed),
                 .headers = {{"Proxy-Authorization", "Bearer x"}}});
    EXPECT_EQ(with.get(server.url("/x")).text(), "through");
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_TRUE(contains(seen[0], "\r\nProxy-Authorization: Bearer x\r\n\r\n")) << seen[0];
    EXPECT_FALSE(contains(seen[1], "Proxy-Auth")) << "it is the proxy's, not the server's";
}

TENDRIL_TEST(HttpClientCookies, AreKeptAndSent) {
    std::vector<std::string> seen;
    RawHttpServer server([&](RawHttpConnection& c) {
        while (const auto head = c.request()) {
            const std::size_t at = head->find("Cookie: ");
            seen.push_back(at == std::string::npos ? "" : head->substr(at + 8, head->find('\r', at) - at - 8));
            if (contains(*head, " /login")) {
                c.answer("", "Set-Cookie: id=1; Path=/\r\nLocation: /\r\n", "302 Found");
            } else {
                c.answer("");
            }
        }
    });
    Client client({.cookies = std::make_shared<CookieJar>()});
    client.get(server.url("/"));
    client.get(server.url("/login"));
    client.request({.url = server.url("/"), .headers = {{"Cookie", "own=1"}}});
    EXPECT_EQ(seen, (std::vector<std::string>{"", "", "id=1", "own=1"}));
}

TENDRIL_TEST(HttpClientCredentials, ComeFromTheUrl) {
    std::string seen;
    RawHttpServer server([&](RawHttpConnection& c) {
        seen = *c.request();
        c.answer("");
    });
    get(Url(server.url().replace(7, 0, "me:pw@"), UserInfo::allowed));
    EXPECT_TRUE(contains(seen, "Authorization: Basic bWU6cHc=\r\n"));
}

}  // namespace
}  // namespace tendril::http
