// SPDX-License-Identifier: MIT
//
// The client's connections: reused, limited in number, found closed, closed in time.

#include <tendril/http/client.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/hub.hpp>
#include <tendril/process.hpp>

#include "certificates.hpp"
#include "green_test.hpp"
#include "http/client/client_pool.hpp"
#include "raw_http_server.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using testing::RawHttpConnection;
using testing::RawHttpServer;

// Answers each request with the number of its connection.
void say_number(RawHttpConnection& c) {
    while (const auto head = c.request()) {
        c.answer(head->starts_with("HEAD ") ? "" : std::to_string(c.number));
    }
}

TENDRIL_TEST(HttpClientPool, UsesAConnectionAgain) {
    RawHttpServer server(say_number);
    Client client;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(client.get(server.url()).text(), "0");
    }
    EXPECT_EQ(client.get(server.url()).status(), 200) << "the body had come, and is passed over";
    EXPECT_EQ(client.get(server.url()).text(), "0");
    {
        ClientResponse head = client.head(server.url());
        EXPECT_EQ(client.stats().idle, 1U) << "there is nothing to read";
    }
    client.close_idle();
    EXPECT_EQ(client.stats().open, 0U);
    EXPECT_EQ(client.get(server.url()).text(), "1");
    EXPECT_EQ(client.stats().made, 2U);
}

// The child does not use the parent's connections: neither the idle one, nor the place of a green thread that no longer
// runs.
TENDRIL_TEST(HttpClientPool, BeginsAnewInTheChildOfAFork) {
    for (const bool tls : {false, true}) {
        Event asked;
        Event answer;
        RawHttpServer server(
            [&](RawHttpConnection& c) {
                while (const auto head = c.request()) {
                    if (head->starts_with("GET /hold")) {
                        asked.set();
                        answer.wait();
                    }
                    c.answer(std::to_string(c.number));
                }
            },
            "127.0.0.1:0", tls);
        Client client({.per_origin = 2, .tls = TlsOptions{.ca_file = testing::authority().certificate()}});
        auto frozen = spawn([&] { return client.get(server.url("/hold")).text(); });
        asked.wait();
        EXPECT_EQ(client.get(server.url()).text(), "1");
        const pid_t child = fork();
        if (child == 0) {
            bool holds = client.stats().open == 0;
            try {
                holds = holds && client.get(server.url(), 60s).text() == "2" && client.stats().made == 3;
            } catch (...) {
                holds = false;
            }
            ::_exit(holds ? 0 : 1);
        }
        EXPECT_EQ(wait_pid(child, 60s), 0);
        answer.set();
        EXPECT_EQ(frozen.get(60s), "0");
        EXPECT_EQ(client.get(server.url()).status(), 200) << "its connections are whole";
        EXPECT_EQ(client.stats().made, 2U);
    }
}

TENDRIL_TEST(HttpClientPool, ClosesWhatCannotBeUsedAgain) {
    const std::vector<std::string> answers = {
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    };
    RawHttpServer server([&](RawHttpConnection& c) {
        c.request();
        c.say(answers[c.number]);
        c.at_end();
    });
    Client client;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        EXPECT_EQ(client.get(server.url()).text(), "x");
        EXPECT_EQ(client.stats().open, 0U) << i;
    }
    RawHttpServer plain(say_number);
    EXPECT_EQ(Client({.keep_alive = false}).get(plain.url()).text(), "0");
    EXPECT_EQ(client.request({.url = plain.url(), .headers = {{"Connection", "close"}}}).text(), "1");
    EXPECT_EQ(client.stats().open, 0U);
}

TENDRIL_TEST(HttpClientPool, ClosesAResponseThatIsDropped) {
    RawHttpServer server([](RawHttpConnection& c) {
        c.request();
        c.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
        EXPECT_TRUE(c.at_end());
    });
    Client client;
    client.get(server.url());
    EXPECT_EQ(client.stats().open, 0U);
    ClientResponse response = client.get(server.url());
    response.close();
    EXPECT_EQ(client.stats().open, 0U);
    EXPECT_THROW(response.text(), std::system_error);
}

TENDRIL_TEST(HttpClientPool, NoticesThatAnIdleConnectionIsDead) {
    Event ended;
    RawHttpServer server([&](RawHttpConnection& c) {
        c.request();
        c.answer("x");
        if (c.number == 1) {
            c.say("unasked");
            c.at_end();
        }
        c.stream().close();
        ended.set();
    });
    Client client;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(client.post(server.url(), "not sent twice").text(), "x");
        if (i != 1) {
            ended.wait();
            ended.clear();
        } else {
            sleep(1ms);
        }
    }
    EXPECT_EQ(server.connections(), 3U);
}

TENDRIL_TEST(HttpClientPool, TakesNothingUnaskedForAnAnswer) {
    RawHttpServer server([](RawHttpConnection& c) {
        c.request();
        c.answer("x");
        yield();
        c.answer("unasked");
        c.at_end();
    });
    Client client;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(client.get(server.url()).text(), "x");
        sleep(1ms);
    }
    EXPECT_EQ(server.connections(), 3U);
}

// The server closes at the moment when the request is sent.
TENDRIL_TEST(HttpClientPool, TriesOnceMoreWhereThatIsSafe) {
    std::vector<std::string> seen;
    RawHttpServer server([&](RawHttpConnection& c) {
        c.request();
        c.answer("x");
        if (const auto head = c.request()) {
            seen.push_back(head->substr(0, head->find(' ')));
            if (seen.back() == "HEAD") {
                c.say("HTTP/1.1 200");
            }
        }
    });
    Client client;
    client.get(server.url()).text();
    EXPECT_EQ(client.get(server.url()).text(), "x");
    EXPECT_EQ(seen, std::vector<std::string>{"GET"});
    EXPECT_THROW(client.post(server.url(), "x"), std::system_error) << "it may have been done";
    client.get(server.url()).text();
    EXPECT_THROW(client.head(server.url()), ProtocolError) << "something of the response came";
    client.get(server.url()).text();
    EXPECT_EQ(client.request({.method = "PUT", .url = server.url(), .body = "x"}).text(), "x");
    EXPECT_EQ(seen, (std::vector<std::string>{"GET", "POST", "HEAD", "PUT"}));

    RawHttpServer closes([](RawHttpConnection& c) { c.request(); });
    EXPECT_THROW(client.get(closes.url()), ProtocolError) << "a new connection is tried once only";
    EXPECT_EQ(closes.connections(), 1U);
}

TENDRIL_TEST(HttpClientPool, IsBoundedAndFair) {
    Event go;
    RawHttpServer server([&](RawHttpConnection& c) {
        while (c.request()) {
            go.wait();
            c.answer("x");
        }
    });
    Client client({.per_origin = 1});
    std::vector<int> order;
    Group group;
    for (int i = 0; i < 6; ++i) {
        group.spawn([&, i] {
            client.get(server.url()).text();
            order.push_back(i);
        });
    }
    while (client.stats().waiting != 5) {
        yield();
    }
    EXPECT_EQ(client.stats().open, 1U);
    EXPECT_THROW(client.get(server.url(), 1ms), TimeoutError);
    EXPECT_EQ(client.stats().waiting, 5U);
    auto killed = spawn([&] { client.get(server.url()); });
    yield();
    killed.kill();
    EXPECT_EQ(client.stats().waiting, 5U);
    go.set();
    group.join();
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(server.connections(), 1U);
}

TENDRIL_TEST(HttpClientPool, GivesUpAnIdleOneForAnotherOrigin) {
    RawHttpServer a(say_number);
    RawHttpServer b(say_number);
    Client client({.connections = 1});
    EXPECT_EQ(client.get(a.url()).text(), "0");
    EXPECT_EQ(client.get(b.url()).text(), "0");
    EXPECT_EQ(client.stats().open, 1U);
    ClientResponse held = client.get(b.url());
    auto other = spawn([&] { return client.get(a.url()).text(); });
    while (client.stats().waiting != 1) {
        yield();
    }
    EXPECT_EQ(held.text(), "0");
    EXPECT_EQ(other.get(), "1") << "the connection to b was closed for it";
    EXPECT_EQ(client.stats().open, 1U);
}

TENDRIL_TEST(HttpClientPool, ClosesIdleOnesInTime) {
    RawHttpServer server(say_number);
    {
        Client client({.idle_timeout = 2ms});
        client.get(server.url()).text();
        EXPECT_EQ(client.stats().idle, 1U);
        while (client.stats().open > 0) {
            sleep(1ms);
        }
        client.get(server.url()).text();
    }
    EXPECT_EQ(Hub::current().stats().timers, 0U);
}

TENDRIL_TEST(HttpClientPool, ResponsesOutliveTheirClient) {
    RawHttpServer server(say_number);
    auto client = std::make_unique<Client>();
    ClientResponse response = client->get(server.url());
    client.reset();
    EXPECT_EQ(response.text(), "0");
}

TENDRIL_TEST(HttpClientPool, ResumesTlsSessions) {
    bool resumed = false;
    RawHttpServer server(
        [&](RawHttpConnection& c) {
            resumed = static_cast<TlsSocket&>(c.stream()).resumed();
            c.answer_all("x");
        },
        "127.0.0.1:0", true);
    Client client({.tls = TlsOptions{.ca_file = testing::authority().certificate()}});
    client.get(server.url()).text();
    EXPECT_FALSE(resumed);
    client.close_idle();
    client.get(server.url()).text();
    EXPECT_TRUE(resumed);
}

// At whatever time a kill comes, a connection's place is neither lost nor given away twice.
TENDRIL_TEST(HttpClientPool, LosesNoPlaceToAKill) {
    RawHttpServer server([](RawHttpConnection& c) {
        while (const auto head = c.request()) {
            if (head->starts_with("POST ")) {
                c.body(200000);
            }
            c.answer("x");
        }
    });
    Client client({.per_origin = 1});
    const std::string large(200000, 'l');
    for (int turns = 0; turns < 40; ++turns) {
        auto first = spawn([&] { client.post(server.url(), large).text(); });
        auto second = spawn([&] { client.get(server.url()).text(); });
        for (int i = 0; i < turns; ++i) {
            yield();
        }
        first.kill();
        second.kill();
        EXPECT_EQ(client.stats().waiting, 0U);
        EXPECT_EQ(client.stats().open, client.stats().idle);
        client.get(server.url(), 20s).text();
    }
}

}  // namespace
}  // namespace tendril::http
