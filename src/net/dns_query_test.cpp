// SPDX-License-Identifier: MIT
//
// query(), and the cache.

#include <chrono>
#include <string>
#include <vector>

#include <tendril/dns.hpp>
#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"
#include "name_server.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::Answer;
using testing::NameServer;
using testing::Question;
using testing::two;
using testing::wire_name;

ResolverOptions asking(const NameServer& server) {
    ResolverOptions options{.servers = {server.address()}, .search = std::vector<std::string>{}};
    options.try_timeout = 5s;
    return options;
}

template <class F>
std::error_code code_of(F f) {
    try {
        f();
        return {};
    } catch (const std::system_error& e) {
        return e.code();
    }
}

std::string soa(unsigned minimum) {
    return wire_name("ns.test") + wire_name("root.test") + std::string(16, '\0') + two(0) + two(minimum);
}

TENDRIL_TEST(DnsQuery, ReturnsTypedRecords) {
    NameServer server([](const Question& q) {
        Answer answer;
        if (q.name == "example.test" && q.type == 15) {
            answer.records = {{"example.test", 15, two(20) + wire_name("b.test"), 300},
                              {"example.test", 15, two(10) + wire_name("a.test"), 200}};
        } else if (q.name == "_sip._udp.example.test" && q.type == 33) {
            answer.records = {{q.name, 5, wire_name("sip.test"), 100},
                              {"sip.test", 33, two(1) + two(2) + two(5060) + wire_name("host.test"), 300}};
        } else if (q.type == 16) {
            answer.code = 3;
        }
        return answer;
    });
    Resolver resolver(asking(server));
    const std::vector<MxRecord> mail = resolver.query<MxRecord>("Example.TEST.");
    ASSERT_EQ(mail.size(), 2u);
    EXPECT_EQ(mail[0].host, "b.test") << "the server's order";
    EXPECT_EQ(mail[1].preference, 10);
    const DnsAnswer sip = resolver.query("_sip._udp.example.test", RecordType::srv);
    EXPECT_EQ(sip.name, "sip.test");
    EXPECT_EQ(sip.aliases, std::vector<std::string>{"_sip._udp.example.test"});
    EXPECT_EQ(sip.ttl, 100s);
    EXPECT_EQ(sip.of<SrvRecord>().at(0).port, 5060);
    EXPECT_FALSE(sip.cached);
    EXPECT_EQ(code_of([&] { resolver.query("example.test", RecordType::txt); }), DnsError::not_found);
    EXPECT_EQ(code_of([&] { resolver.query("example.test", RecordType::caa); }), DnsError::no_record);
    for (const char* bad : {"", "a..b", ".a", "a\\000b"}) {
        EXPECT_EQ(code_of([&] { resolver.query(bad, RecordType::mx); }), DnsError::bad_name) << bad;
    }
}

TENDRIL_TEST(DnsQuery, AKillOrADeadlineEndsIt) {
    NameServer server([](const Question& q) {
        Answer answer;
        answer.silent = q.name == "silent.test";
        answer.records = {{q.name, 16, "\2ok"}};
        return answer;
    });
    Resolver resolver(asking(server));
    EXPECT_THROW(resolver.query("silent.test", RecordType::txt, 5ms), TimeoutError);
    auto killed = spawn([&] { resolver.query("silent.test", RecordType::txt); });
    EXPECT_FALSE(killed.join(5ms));
    killed.kill();
    EXPECT_TRUE(killed.join(20s));
    EXPECT_EQ(resolver.query<TxtRecord>("other.test").at(0).joined(), "ok") << "the next one works";
}

// Names of a megabyte, since their pointers lead over the same labels 32 times, each time at another alignment; in each
// of fifteen hundred records. c-ares's own parsers take gigabytes for it.
TENDRIL_TEST(DnsQuery, HostileMessagesAreBoundedErrors) {
    NameServer server([](const Question& q) {
        Answer answer;
        if (!q.tcp) {
            answer.truncated = true;
            return answer;
        }
        const auto type = static_cast<unsigned>(q.type);
        std::string packet =
            two(0x8180) + two(1) + two(1501) + two(0) + two(0) + wire_name(q.name) + two(type) + two(1);
        const unsigned from = static_cast<unsigned>(packet.size()) + 2 + 12;  // the id comes before
        std::string labels(std::size_t{64} * 500, 63);
        for (unsigned at = from + 2; at < from + 64; at += 2) {
            labels += two(0xc000 | at);
        }
        labels += std::string(2, '\0');
        packet +=
            two(0xc00c) + two(65400) + two(1) + two(0) + two(60) + two(static_cast<unsigned>(labels.size())) + labels;
        const std::string owner = two(0xc000 | (q.type == 15 ? 12 : from));
        for (int i = 0; i < 1500; ++i) {
            packet += owner + two(type) + two(1) + two(0) + two(60) + two(4) + two(10) + two(0xc000 | from);
        }
        answer.raw = packet;
        return answer;
    });
    Resolver resolver(asking(server));
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(code_of([&] { resolver.query("bomb.test", RecordType::mx, 20s); }), DnsError::bad_answer);
    EXPECT_EQ(code_of([&] { resolver.resolve("bomb.test", 1, AddressFamily::any, 20s); }), DnsError::bad_answer);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
}

TENDRIL_TEST(DnsQuery, ThousandsOfRecordsComeOverTcp) {
    NameServer server([](const Question& q) {
        Answer answer;
        answer.truncated = !q.tcp;
        for (int i = 0; i < 3000 && q.type == 16; ++i) {
            answer.records.push_back({"m.test", 16, "\1x"});
        }
        for (int i = 0; i < 3000 && q.type == 1; ++i) {
            answer.addresses.push_back("127.1." + std::to_string(i / 250) + '.' + std::to_string(i % 250 + 1));
        }
        answer.records.push_back({"m.test", 5, wire_name("m.test")});
        return answer;
    });
    Resolver resolver(asking(server));
    EXPECT_EQ(resolver.query<TxtRecord>("m.test", 20s).size(), 3000u);
    EXPECT_EQ(resolver.resolve("m.test", 1, AddressFamily::ipv4, 20s).size(), 512u) << "as many as are of any use";
    EXPECT_EQ(code_of([&] { resolver.query("m.test", RecordType::mx, 20s); }), DnsError::bad_answer);
    EXPECT_EQ(resolver.query("m.test", RecordType::cname, 20s).records.size(), 1u);
}

TENDRIL_TEST(DnsQuery, TcpOnlyIfItIsAskedFor) {
    int by_udp = 0;
    NameServer server([&](const Question& q) {
        by_udp += q.tcp ? 0 : 1;
        Answer answer;
        answer.records = {{q.name, 16, "\2ok"}};
        return answer;
    });
    ResolverOptions options = asking(server);
    options.tcp = true;
    EXPECT_EQ(Resolver(options).query<TxtRecord>("a.test", 20s).size(), 1u);
    EXPECT_EQ(by_udp, 0);
}

TENDRIL_TEST(DnsQuery, ServersInTurnFromAnAddressOfOnesOwn) {
    const auto ok = [](const Question& q) {
        Answer answer;
        answer.records = {{q.name, 16, "\2ok"}};
        return answer;
    };
    NameServer one(ok);
    NameServer other(ok);
    ResolverOptions options = asking(one);
    options.servers.push_back(other.address());
    options.source = "127.0.0.9";
    Resolver(options).query("a.test", RecordType::txt, 20s);
    EXPECT_EQ(one.asker.ip(), "127.0.0.9");
    options.rotate = true;
    Resolver resolver(options);
    for (int i = 0; i < 4; ++i) {
        resolver.query("a.test", RecordType::txt, 20s);
    }
    EXPECT_GT(one.asked, 1);
    EXPECT_GT(other.asked, 0);
    options.tries = 1;
    for (const char* bad : {"::1", "192.0.2.1"}) {
        options.source = bad;
        EXPECT_EQ(code_of([&] { Resolver(options).query("a.test", RecordType::txt, 20s); }), DnsError::server_failure);
    }
    options.source = "none";
    EXPECT_THROW(Resolver{options}, std::invalid_argument);
}

// A port of 127.0.0.9 that is free for UDP and TCP.
std::uint16_t free_port() {
    for (;;) {
        const Address udp = UdpSocket::bound("127.0.0.9:0").local_address();
        try {
            return listen(udp).address().port();
        } catch (const std::system_error&) {
        }
    }
}

template <class F>
std::string text_of(F f) {
    try {
        f();
        return {};
    } catch (const std::system_error& e) {
        return e.what();
    }
}

Answer txt_or_silence(const Question& q) {
    Answer answer;
    answer.records = {{q.name, 16, "\2ok"}};
    answer.silent = q.name == "silent.test";
    answer.truncated = q.name == "long.test";
    return answer;
}

// By both, to several servers at once, again and again: what closes must not keep the port.
TENDRIL_TEST(DnsQuery, FromAPortOfOnesOwn) {
    NameServer silent([](const Question&) {
        Answer answer;
        answer.silent = true;
        return answer;
    });
    NameServer server(&txt_or_silence);
    const std::uint16_t port = free_port();
    ResolverOptions options = asking(server);
    options.source = "127.0.0.9";
    options.source_port = port;
    options.source_port_tcp = port;
    Resolver resolver(options);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(resolver.query("long.test", RecordType::txt, 20s).records.size(), 1u);
        EXPECT_EQ(server.asker.to_string(), "127.0.0.9:" + std::to_string(port));
        EXPECT_EQ(server.tcp_asker, server.asker);
    }
    // One that is given up, by a deadline or a kill, leaves the port to the next.
    EXPECT_THROW(resolver.query("silent.test", RecordType::txt, 1ms), TimeoutError);
    auto lost = spawn([&] { resolver.query("silent.test", RecordType::txt); });
    yield();
    lost.kill();
    EXPECT_EQ(resolver.query("a.test", RecordType::txt, 20s).records.size(), 1u);

    // The second server is asked while the first one's answer may still come.
    options.servers.insert(options.servers.begin(), silent.address());
    options.try_timeout = 20ms;
    EXPECT_EQ(Resolver(options).query("a.test", RecordType::txt, 20s).records.size(), 1u);
    EXPECT_EQ(silent.asker, server.asker);

    // Without an address: from the one that leads there.
    options.source = "";
    EXPECT_EQ(Resolver(options).query("a.test", RecordType::txt, 20s).records.size(), 1u);
    EXPECT_EQ(server.asker.to_string(), "127.0.0.1:" + std::to_string(port));
}

TENDRIL_TEST(DnsQuery, APortHasOneResolverAtATime) {
    NameServer server(&txt_or_silence);
    const std::uint16_t port = free_port();
    ResolverOptions options = asking(server);
    options.tries = 1;
    options.source = "127.0.0.9";
    options.source_port = port;
    Resolver first(options);
    Resolver second(options);
    auto waiting = spawn([&] { first.query("silent.test", RecordType::txt); });
    while (server.asked == 0) {
        yield();
    }
    const auto ask = [&] { second.query("a.test", RecordType::txt, 20s); };
    EXPECT_EQ(code_of(ask), DnsError::server_failure);
    EXPECT_EQ(text_of(ask), "resolve \"a.test\" (cannot ask from 127.0.0.9, UDP port " + std::to_string(port) +
                                ": Address already in use): the name servers failed, refused or could not be reached");
    waiting.kill();
    ask();

    options.source = "192.0.2.1";
    options.source_port = {};
    EXPECT_NE(text_of([&] {
                  Resolver(options).resolve("a.test", 1, AddressFamily::any, 20s);
              }).find("(cannot ask from 192.0.2.1: Cannot assign requested address)"),
              std::string::npos);
    EXPECT_THROW(Resolver({.source_port = 65536}), std::invalid_argument);
}

TENDRIL_TEST(DnsQuery, TheCacheAnswersToo) {
    int asked = 0;
    NameServer server([&](const Question& q) {
        ++asked;
        Answer answer;
        if (q.name == "none.test") {
            answer.code = 3;
            answer.authorities = {{"test", 6, soa(30)}};
        } else if (q.name == "unsaid.test") {
            answer.code = 3;  // without a SOA: not kept
        } else if (q.name == "fails.test") {
            answer.code = 2;
        } else if (q.type == 16) {
            answer.records = {{q.name, 16, "\2ok", q.name == "brief.test" ? 0u : 60u}};
        } else if (q.type == 1) {
            answer.addresses = {"192.0.2.1"};
        } else {
            answer.authorities = {{"test", 6, soa(30)}};
        }
        return answer;
    });
    ResolverOptions options = asking(server);
    options.cache = 10;
    options.tries = 1;
    Resolver resolver(options);
    const auto asks = [&](auto f) {
        const int before = asked;
        f();
        return asked - before;
    };
    const auto txt = [&](const char* name) {
        return [&resolver, name] { code_of([&] { resolver.query(name, RecordType::txt, 20s); }); };
    };
    EXPECT_EQ(asks(txt("a.test")), 1);
    EXPECT_EQ(asks(txt("A.test.")), 0) << "the same name";
    EXPECT_TRUE(resolver.query("a.test", RecordType::txt).cached);
    EXPECT_LE(resolver.query("a.test", RecordType::txt).ttl, 60s);
    EXPECT_EQ(asks(txt("none.test")), 1);
    EXPECT_EQ(asks(txt("none.test")), 0);
    EXPECT_EQ(code_of([&] { resolver.query("none.test", RecordType::txt); }), DnsError::not_found);
    for (const char* name : {"unsaid.test", "brief.test", "fails.test"}) {
        EXPECT_GT(asks(txt(name)), 0) << name;
        EXPECT_GT(asks(txt(name)), 0) << name;
    }
    const auto host = [&] { EXPECT_EQ(resolver.resolve("host.test", 80).size(), 1u); };
    EXPECT_EQ(asks(host), 2);
    EXPECT_EQ(asks(host), 0) << "neither for the address nor for the missing one";
    EXPECT_EQ(resolver.cache_statistics().entries, 4u);
    EXPECT_GE(resolver.cache_statistics().hits, 6u);
    resolver.clear_cache();
    EXPECT_EQ(resolver.cache_statistics().entries, 0u);
    EXPECT_EQ(asks(host), 2);
}

// "No" for where an alias leads holds as long as the alias, not as long as the other zone's "no".
TENDRIL_TEST(DnsQuery, ANoIsKeptNoLongerThanTheAliasThatLedToIt) {
    int asked = 0;
    NameServer server([&](const Question& q) {
        ++asked;
        Answer answer;
        answer.code = q.name.starts_with("none") ? 3 : 0;
        answer.records = {{q.name, 5, wire_name("away.test"), q.name.ends_with("brief.test") ? 0u : 60u}};
        answer.authorities = {{"test", 6, soa(30)}};
        return answer;
    });
    ResolverOptions options = asking(server);
    options.cache = 10;
    Resolver resolver(options);
    for (const std::string name : {"none.brief.test", "none.test", "empty.brief.test", "empty.test"}) {
        asked = 0;
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(code_of([&] { resolver.query(name, RecordType::txt, 20s); }),
                      name.starts_with("none") ? DnsError::not_found : DnsError::no_record);
        }
        EXPECT_EQ(asked, name.ends_with("brief.test") ? 2 : 1) << name;
    }
}

// Sixty-four lookups at once are under way, and none of them ends.
TENDRIL_TEST(DnsQuery, TheCacheKeepsNobodyWaiting) {
    NameServer server([](const Question& q) {
        Answer answer;
        answer.silent = q.name == "silent.test";
        answer.records = {{q.name, 16, "\2ok"}};
        return answer;
    });
    ResolverOptions options = asking(server);
    options.try_timeout = 60s;
    options.cache = 10;
    Resolver resolver(options);
    resolver.query("a.test", RecordType::txt);
    std::vector<Greenlet<void>> all;
    for (int i = 0; i < 70; ++i) {
        all.push_back(spawn([&] { resolver.query("silent.test", RecordType::txt); }));
    }
    yield();
    EXPECT_TRUE(resolver.query("a.test", RecordType::txt, 20s).cached);
    EXPECT_THROW(resolver.query("b.test", RecordType::txt, 5ms), TimeoutError) << "no turn is free";
    kill_all(all);
    EXPECT_EQ(resolver.query<TxtRecord>("b.test", 20s).size(), 1u);
}

TENDRIL_TEST(DnsQuery, TheCachesLimitsHold) {
    int asked = 0;
    NameServer server([&](const Question& q) {
        ++asked;
        Answer answer;
        answer.records = {{q.name, 16, "\2ok"}};
        return answer;
    });
    ResolverOptions options = asking(server);
    options.cache = 3;
    Resolver resolver(options);
    for (int i = 0; i < 20; ++i) {
        resolver.query("n" + std::to_string(i) + ".test", RecordType::txt);
    }
    EXPECT_EQ(resolver.cache_statistics().entries, 3u);
    EXPECT_EQ(resolver.cache_statistics().evictions, 17u);
    options.max_ttl = 0s;
    Resolver forgetful(options);
    forgetful.query("a.test", RecordType::txt);
    EXPECT_EQ(forgetful.cache_statistics().entries, 0u);
    EXPECT_EQ(Resolver(asking(server)).cache_statistics().misses, 0u) << "off by default";
    options.max_ttl = -1s;
    EXPECT_THROW(Resolver{options}, std::invalid_argument);
    EXPECT_THROW(Resolver(ResolverOptions{.tries = 1001}), std::invalid_argument) << "c-ares multiplies it";
}

}  // namespace
}  // namespace tendril
