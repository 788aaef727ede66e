// SPDX-License-Identifier: MIT
//
// How a Client authenticates: what it sends, to whom, and how often.

#include "http/client/authenticator.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/http/client.hpp>
#include <tendril/process.hpp>

#include "green_test.hpp"
#include "http/message/basic.hpp"
#include "raw_http_server.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using detail::basic_field;
using testing::RawHttpConnection;
using testing::RawHttpServer;

constexpr const char* digest_1 = R"(WWW-Authenticate: Digest realm="r", qop="auth", nonce="one", algorithm=SHA-256)";
constexpr const char* digest_2 = R"(WWW-Authenticate: Digest realm="r", qop="auth", nonce="two", algorithm=SHA-256)";
constexpr const char* basic = "WWW-Authenticate: Basic realm=\"r\"";

// The value of a field of a request's head; "" for none.
std::string field_of(const std::string& head, std::string_view name = "Authorization") {
    const std::size_t at = head.find("\n" + std::string(name) + ": ");
    if (at == std::string::npos) {
        return {};
    }
    const std::size_t begin = at + name.size() + 3;
    return head.substr(begin, head.find_first_of("\r\n", begin) - begin);
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// Answers each request as `judge` says: "" lets it in, other text is the field that refuses it. Keeps what was sent.
struct Guarded {
    explicit Guarded(std::function<std::string(const std::string& sent)> judge, std::string status = "401 No")
        : server([this, judge = std::move(judge), status = std::move(status)](RawHttpConnection& c) {
              while (const auto head = c.request()) {
                  sent.push_back(field_of(*head, status.starts_with("407") ? "Proxy-Authorization" : "Authorization"));
                  const std::string field = judge(sent.back());
                  if (field.empty()) {
                      c.answer("in");
                  } else {
                      c.answer("refused", field + "\r\n", status);
                  }
              }
          }) {}
    std::string url() const { return server.url(); }

    std::vector<std::string> sent;
    RawHttpServer server;
};

ClientOptions options_for(const Guarded& server, const Credentials& credentials = {"me", "secret"}) {
    return {.credentials = {{server.url(), credentials}}};
}

TENDRIL_TEST(HttpClientAuth, AnswersADigestAndCountsOn) {
    Guarded server([](const std::string& sent) { return contains(sent, "nonce=\"one\"") ? "" : digest_1; });
    Client client(options_for(server));
    EXPECT_EQ(client.get(server.url()).text(), "in");
    EXPECT_EQ(client.get(server.url()).text(), "in");
    ASSERT_EQ(server.sent.size(), 3U) << "only the first request is refused";
    EXPECT_EQ(server.sent[0], "") << "nothing before it asks";
    EXPECT_TRUE(contains(server.sent[1], "nc=00000001"));
    EXPECT_TRUE(contains(server.sent[2], "nc=00000002"));
    EXPECT_EQ(server.server.connections(), 1U);
}

TENDRIL_TEST(HttpClientAuth, NeverUsesACountTwice) {
    Guarded server([](const std::string& sent) { return contains(sent, "nonce=\"one\"") ? "" : digest_1; });
    for (const bool known : {true, false}) {  // else several are refused at the same time, with the same nonce
        Client client(options_for(server));
        if (known) {
            client.get(server.url()).text();
        }
        server.sent.clear();
        Group all;
        for (int i = 0; i < 20; ++i) {
            all.spawn([&] { client.get(server.url()).text(); });
        }
        all.join();
        std::set<std::string> counts;
        for (const std::string& each : server.sent) {
            if (const std::size_t at = each.find("nc="); at != std::string::npos) {
                counts.insert(each.substr(at, 11));
            }
        }
        EXPECT_EQ(counts.size(), 20U);
    }
}

TENDRIL_TEST(HttpClientAuth, CountsOnWhenTheNextNonceIsTheSame) {
    std::vector<std::string> sent;
    RawHttpServer server([&](RawHttpConnection& c) {
        while (const auto head = c.request()) {
            sent.push_back(field_of(*head));
            if (sent.back().empty()) {
                c.answer("", std::string(digest_1) + "\r\n", "401 No");
            } else {
                c.answer("in", "Authentication-Info: nextnonce=\"one\"\r\n");
            }
        }
    });
    Client client({.credentials = {{server.url(), {"me", "secret"}}}});
    client.get(server.url()).text();
    client.get(server.url()).text();
    ASSERT_EQ(sent.size(), 3U);
    EXPECT_TRUE(contains(sent[2], "nc=00000002")) << sent[2];
}

// A count that both parent and child send would look like a replay.
TENDRIL_TEST(HttpClientAuth, AForksChildBeginsWithoutTheParentsNonce) {
    Guarded server([](const std::string& sent) { return contains(sent, "nonce=\"one\"") ? "" : digest_1; });
    Client client(options_for(server));
    EXPECT_EQ(client.get(server.url()).text(), "in");
    const pid_t child = fork();
    if (child == 0) {
        bool holds = false;
        try {
            holds = client.get(server.url(), 60s).text() == "in";
        } catch (...) {
        }
        ::_exit(holds ? 0 : 1);
    }
    EXPECT_EQ(wait_pid(child, 60s), 0);
    EXPECT_EQ(client.get(server.url()).text(), "in");
    ASSERT_EQ(server.sent.size(), 5U);
    EXPECT_EQ(server.sent[2], "") << "the child asks for a nonce";
    EXPECT_TRUE(contains(server.sent[4], "nc=00000002")) << "the parent counts on";
}

TENDRIL_TEST(HttpClientAuth, TakesANewNonceWhenTheOldOneIsRefused) {
    bool old = false;
    const std::string stale = std::string(digest_2) + ", stale=true";
    Guarded server([&](const std::string& sent) -> std::string {
        return contains(sent, old ? "nonce=\"two\"" : "nonce=\"one\"") ? "" : old ? stale : digest_1;
    });
    Client client(options_for(server));
    EXPECT_EQ(client.get(server.url()).text(), "in");
    old = true;
    EXPECT_EQ(client.get(server.url()).text(), "in");
    EXPECT_EQ(server.sent.size(), 4U);
    EXPECT_TRUE(contains(server.sent[3], "nc=00000001"));
}

TENDRIL_TEST(HttpClientAuth, TakesTheNextNonce) {
    int n = 0;
    std::vector<std::string> sent;
    RawHttpServer server([&](RawHttpConnection& c) {
        while (const auto head = c.request()) {
            sent.push_back(field_of(*head));
            if (n++ == 0) {
                c.answer("", std::string(digest_1) + "\r\n", "401 No");
            } else {
                c.answer("in", "Authentication-Info: qop=auth, nextnonce=\"later\"\r\n");
            }
        }
    });
    Client client({.credentials = {{server.url(), {"me", "secret"}}}});
    client.get(server.url()).text();
    client.get(server.url()).text();
    ASSERT_EQ(sent.size(), 3U);
    EXPECT_TRUE(contains(sent[2], "nonce=\"later\""));
    EXPECT_TRUE(contains(sent[2], "nc=00000001"));
}

TENDRIL_TEST(HttpClientAuth, DoesNotRepeatAWrongPasswordWithoutEnd) {
    int n = 0;
    for (const bool stale : {false, true}) {
        Guarded server([&](const std::string&) {
            return "WWW-Authenticate: Digest realm=r, nonce=n" + std::to_string(++n) + (stale ? ", stale=true" : "");
        });
        Client client(options_for(server));
        EXPECT_EQ(client.get(server.url()).status(), 401);
        EXPECT_EQ(server.sent.size(), stale ? 3U : 2U);
    }
    Guarded server([](const std::string&) { return basic; });
    Client client(options_for(server));
    EXPECT_EQ(client.get(server.url()).text(), "refused") << "the caller gets the last one";
    EXPECT_EQ(server.sent, (std::vector<std::string>{"", basic_field("me", "secret")}));
    EXPECT_EQ(client.get(server.url()).status(), 401);
    EXPECT_EQ(server.sent.size(), 3U);
}

TENDRIL_TEST(HttpClientAuth, SendsBasicAsItsSchemeSays) {
    const std::string field = basic_field("me", "secret");
    for (const AuthScheme scheme : {AuthScheme::best, AuthScheme::digest, AuthScheme::basic}) {
        Guarded server([&](const std::string& sent) { return sent == field ? "" : basic; });
        Client client(options_for(server, {"me", "secret", scheme}));
        EXPECT_EQ(client.get(server.url()).ok(), scheme != AuthScheme::digest);
        using All = std::vector<std::string>;
        EXPECT_EQ(server.sent, scheme == AuthScheme::best     ? All({"", field})
                               : scheme == AuthScheme::digest ? All({""})
                                                              : All({field}));
    }
    // A server that has asked for Digest does not get Basic, if somebody on the way could have asked for it.
    std::string asks = digest_1;
    Guarded server([&](const std::string&) { return asks; });
    Client client(options_for(server));
    EXPECT_EQ(client.get(server.url()).status(), 401);
    asks = basic;
    EXPECT_EQ(client.get(server.url()).status(), 401);
    for (const std::string& each : server.sent) {
        EXPECT_FALSE(contains(each, "Basic")) << each;
    }
}

TENDRIL_TEST(HttpClientAuth, PrefersDigestForAUrlsUserWhenAsked) {
    Guarded server([](const std::string& sent) {
        return contains(sent, "nonce=\"one\"") ? "" : std::string(basic) + "\r\n" + digest_1;
    });
    const Url url(std::string(server.url()).replace(7, 0, "you:p@ss@"), UserInfo::allowed);
    Client client;
    EXPECT_EQ(client.get(url).text(), "in");
    ASSERT_EQ(server.sent.size(), 2U);
    EXPECT_EQ(server.sent[0], basic_field("you", "p@ss")) << "at once";
    EXPECT_TRUE(contains(server.sent[1], "username=\"you\""));
}

TENDRIL_TEST(HttpClientAuth, KeepsAUrlsUserOnTheSameOrigin) {
    std::string url;
    std::vector<std::string> sent;
    RawHttpServer server([&](RawHttpConnection& c) {
        while (const auto head = c.request()) {
            sent.push_back(field_of(*head));
            if (contains(*head, " /there ") && sent.back().empty()) {
                c.answer("", std::string(basic) + "\r\n", "401 No");
            } else if (contains(*head, " /there ")) {
                c.answer("in");
            } else {
                c.answer("", "Location: " + url + "/there\r\n", "302 There");
            }
        }
    });
    url = server.url();
    while (url.ends_with('/')) {
        url.pop_back();
    }
    Client client;
    EXPECT_EQ(client.get(Url(std::string(url).replace(7, 0, "you:pass@"), UserInfo::allowed)).text(), "in");
    EXPECT_EQ(sent, (std::vector<std::string>{basic_field("you", "pass"), "", basic_field("you", "pass")}));
}

// Not to where a redirect leads, nor to another port of the same host; the caller's own field is left alone.
TENDRIL_TEST(HttpClientAuth, TellsNobodyElse) {
    Guarded other([](const std::string&) { return digest_2; });
    RawHttpServer first([&](RawHttpConnection& c) {
        while (c.request()) {
            c.answer("", "Location: " + other.url() + "\r\n", "307 There");
        }
    });
    Client client({.credentials = {{first.url(), {"me", "secret", AuthScheme::basic}}}});
    EXPECT_EQ(client.get(first.url()).status(), 401);
    EXPECT_EQ(
        client.request({.url = first.url(), .credentials = Credentials{"me", "secret", AuthScheme::basic}}).status(),
        401);
    EXPECT_EQ(other.sent, (std::vector<std::string>{"", ""}));

    Client mine(options_for(other));
    EXPECT_EQ(mine.request({.url = other.url(), .headers = {{"Authorization", "Bearer x"}}}).status(), 401);
    EXPECT_EQ(other.sent.back(), "Bearer x");
    EXPECT_EQ(other.sent.size(), 3U);
}

TENDRIL_TEST(HttpClientAuth, RepeatsABodyButNotAStreamThatWasRead) {
    std::vector<std::string> bodies;
    RawHttpServer server([&](RawHttpConnection& c) {
        while (const auto head = c.request()) {
            bodies.push_back(c.body(4));
            if (contains(*head, "Authorization")) {
                c.answer("in");
            } else {
                c.answer("", std::string(digest_1) + "\r\n", "401 No");
            }
        }
    });
    Client client({.credentials = {{server.url(), {"me", "secret"}}}});
    EXPECT_EQ(client.post(server.url(), "body").text(), "in");
    EXPECT_EQ(bodies, (std::vector<std::string>{"body", "body"}));

    Client anew({.credentials = {{server.url(), {"me", "secret"}}}});
    auto [here, there] = TcpSocket::pair();
    there.send_all("once");
    EXPECT_EQ(anew.post(server.url(), RequestBody(std::move(here), 4)).status(), 401) << "the caller gets it";
    EXPECT_EQ(bodies.back(), "once");
    auto [again, source] = TcpSocket::pair();
    source.send_all("more");
    EXPECT_EQ(anew.post(server.url(), RequestBody(std::move(again), 4)).text(), "in") << "it knows the nonce now";
}

TENDRIL_TEST(HttpClientAuth, AProxyGetsADigestToo) {
    const std::string asks = std::string(digest_1).replace(0, 3, "Proxy");  // Proxy-Authenticate
    Guarded proxy([&](const std::string& sent) { return contains(sent, "nonce=\"one\"") ? "" : asks; }, "407 No");
    const Url at(std::string(proxy.url()).replace(7, 0, "me:secret@"), UserInfo::allowed);
    Client client({.proxy = at});
    EXPECT_EQ(client.get("http://example.invalid/").text(), "in");
    ASSERT_EQ(proxy.sent.size(), 2U);
    EXPECT_EQ(proxy.sent[0], basic_field("me", "secret"));
    EXPECT_TRUE(contains(proxy.sent[1], "username=\"me\""));

    // For a tunnel the proxy refuses with the same field, on a connection of its own.
    proxy.sent.clear();
    EXPECT_THROW(client.get("https://example.invalid/"), std::exception) << "it answers 200, but not with TLS";
    EXPECT_EQ(proxy.sent.size(), 1U) << "it is known by now";
    EXPECT_TRUE(contains(proxy.sent[0], "uri=\"example.invalid:443\"")) << proxy.sent[0];
    Client fresh({.proxy = at});
    EXPECT_THROW(fresh.get("https://example.invalid/"), std::exception);
    EXPECT_EQ(proxy.sent.size(), 3U);
}

TENDRIL_TEST(HttpClientAuth, TakesAProxysNextNonceToo) {
    std::vector<std::string> sent;
    RawHttpServer proxy([&](RawHttpConnection& c) {
        while (const auto head = c.request()) {
            sent.push_back(field_of(*head, "Proxy-Authorization"));
            if (contains(sent.back(), "Digest")) {
                c.answer("in", "Proxy-Authentication-Info: nextnonce=\"later\"\r\n");
            } else {
                c.answer("", std::string(digest_1).replace(0, 3, "Proxy") + "\r\n", "407 No");
            }
        }
    });
    Client client({.proxy = Url(std::string(proxy.url()).replace(7, 0, "me:secret@"), UserInfo::allowed)});
    EXPECT_EQ(client.get("http://example.invalid/").text(), "in");
    EXPECT_EQ(client.get("http://example.invalid/").text(), "in");
    ASSERT_EQ(sent.size(), 3U);
    EXPECT_TRUE(contains(sent[1], "nonce=\"one\""));
    EXPECT_TRUE(contains(sent[2], "nonce=\"later\""));
}

// A deadline or a kill between the refusal and the answer: the next request works.
TENDRIL_TEST(HttpClientAuth, IsNotConfusedByAKillOrADeadline) {
    for (const bool kill : {false, true}) {
        Event reached;
        bool silent = true;
        RawHttpServer server([&](RawHttpConnection& c) {
            while (const auto head = c.request()) {
                if (!contains(*head, "Authorization")) {
                    c.answer("", std::string(digest_1) + "\r\n", "401 No");
                } else if (silent) {
                    reached.set();
                    Event().wait();
                } else {
                    c.answer("in");
                }
            }
        });
        Client client({.credentials = {{server.url(), {"me", "secret"}}}});
        if (kill) {
            auto victim = spawn([&] { client.get(server.url()); });
            reached.wait();
            victim.kill();
        } else {
            EXPECT_THROW(client.get(server.url(), Deadline(10ms)), TimeoutError);
        }
        EXPECT_EQ(client.stats().open, 0U);
        silent = false;
        EXPECT_EQ(client.get(server.url()).text(), "in");
    }
}

TEST(HttpClientAuthOptions, AreChecked) {
    const auto with = [](const char* origin) { return ClientOptions{.credentials = {{origin, {"u", "p"}}}}; };
    EXPECT_THROW(Client(with("http://a/b")), std::invalid_argument);
    EXPECT_THROW(Client(with("a")), std::invalid_argument);
    EXPECT_THROW(Client(with("http://u:p@a/")), std::invalid_argument);
    const Client good(with("HTTP://A:80/"));
}

TEST(HttpClientAuthOptions, AreFoundByOrigin) {
    const ClientOptions options{.credentials = {{"http://a", {"u", "p"}}}};
    EXPECT_TRUE(detail::Party::server({.url = "http://a/x"}, options).has_value());
    for (const char* other : {"https://a/", "http://a:81/", "http://b.a/", "http://b/"}) {
        EXPECT_FALSE(detail::Party::server({.url = other}, options).has_value()) << other;
    }
}

}  // namespace
}  // namespace tendril::http
