// SPDX-License-Identifier: MIT
//
// Names and connect("host", port): rows TI05, TI18 and TI19, and what has hurt others: forged and flooding answers,
// names of this machine that were asked for in the network.

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tendril/dns.hpp>
#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/http/client.hpp>
#include <tendril/socket.hpp>
#include <tendril/timeout.hpp>

#include "base/on_exit.hpp"
#include "faults.hpp"
#include "green_test.hpp"
#include "name_server.hpp"
#include "raw_http_server.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::Answer;
using testing::NameServer;
using testing::Question;

using Addresses = std::vector<Address>;

ResolverOptions asking(const NameServer& server) {
    ResolverOptions options{.servers = {server.address()}, .search = std::vector<std::string>{}};
    options.try_timeout = 60s;  // who is not answered, stays
    return options;
}

template <class F>
std::error_code code_of(F f, std::string* text = nullptr) {
    try {
        f();
        return {};
    } catch (const std::system_error& e) {
        if (text != nullptr) {
            *text = e.what();
        }
        return e.code();
    }
}

Answer address(const char* text) {
    Answer answer;
    answer.addresses = {text};
    return answer;
}

// A name of /etc/hosts beside localhost, with its IPv4 address; empty: there is none.
std::pair<std::string, std::string> host_of_file() {
    std::ifstream file("/etc/hosts");
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string ip;
        std::string name;
        words >> ip >> name;
        if (!name.empty() && ip.find(':') == std::string::npos && name.find("localhost") == std::string::npos) {
            return {name, ip};
        }
    }
    return {};
}

// TI19
TENDRIL_TEST(DnsRows, TheHostsFileComesFirstInAnyCase) {
    auto [name, ip] = host_of_file();
    if (name.empty()) {
        GTEST_SKIP() << "/etc/hosts has nothing but localhost";
    }
    NameServer server([](const Question&) { return address("192.0.2.6"); });
    for (char& c : name) {
        c = static_cast<char>(std::islower(static_cast<unsigned char>(c)) ? std::toupper(c) : std::tolower(c));
    }
    const Addresses found = Resolver(asking(server)).resolve(name, 80, AddressFamily::ipv4);
    EXPECT_NE(std::find(found.begin(), found.end(), Address::ip(ip, 80)), found.end()) << name;
    EXPECT_EQ(server.asked, 0);
    ResolverOptions without = asking(server);
    without.hosts_file = false;
    EXPECT_EQ(Resolver(without).resolve(name, 80, AddressFamily::ipv4), Addresses{Address::parse("192.0.2.6:80")});
}

// RFC 6761: nobody in the network decides what this machine's own names are.
TENDRIL_TEST(DnsRows, LocalhostIsNeverAskedFor) {
    NameServer server([](const Question&) { return address("192.0.2.6"); });
    ResolverOptions options = asking(server);
    options.hosts_file = false;
    for (const char* kind : {"c-ares", "system"}) {
        options.kind = kind;
        Resolver resolver(options);
        for (const char* name : {"localhost", "LOCALHOST.", "a.localhost", "a.b.LocalHost."}) {
            EXPECT_EQ(resolver.resolve(name, 80, AddressFamily::ipv4), Addresses{Address::parse("127.0.0.1:80")})
                << name;
            EXPECT_EQ(resolver.resolve(name, 80, AddressFamily::ipv6), Addresses{Address::parse("[::1]:80")}) << name;
            EXPECT_EQ(resolver.resolve(name, 80).back(), Address::parse("127.0.0.1:80")) << name;
        }
        for (const char* bad : {"127.1", "0x7f000001", "2130706433", "1.2.3.4.", "\xc3.test", "a\x7f", "a/b",
                                "localhos\\t", "a\\046test", "a:80", "fe80::1%nosuch"}) {
            EXPECT_EQ(code_of([&] { resolver.resolve(bad); }), DnsError::bad_name) << bad;
        }
    }
    EXPECT_EQ(server.asked, 0);
    options.kind = "c-ares";
    EXPECT_EQ(Resolver(options).resolve("notlocalhost", 80, AddressFamily::ipv4).front().ip(), "192.0.2.6");
}

TENDRIL_TEST(DnsRows, TheEnvironmentNamesTheKind) {
    ::setenv("TENDRIL_RESOLVER", "no such kind", 1);
    EXPECT_THROW(Resolver(), std::invalid_argument);
    EXPECT_NO_THROW(Resolver(ResolverOptions{.kind = "c-ares"}));
    ::setenv("TENDRIL_RESOLVER", "system", 1);
    EXPECT_EQ(Resolver().resolve("127.0.0.1", 1), Addresses{Address::parse("127.0.0.1:1")});
    ::unsetenv("TENDRIL_RESOLVER");
}

// TI19: only the answer ends a lookup.
TENDRIL_TEST(DnsRows, EmptyDatagramsDoNotEndALookup) {
    NameServer server([](const Question&) {
        Answer answer = address("192.0.2.1");
        answer.forged.assign(20, "empty");
        answer.delay = 20ms;
        return answer;
    });
    EXPECT_EQ(Resolver(asking(server)).resolve("a.test", 1, AddressFamily::ipv4),
              Addresses{Address::parse("192.0.2.1:1")});
    EXPECT_EQ(server.asked, 1);
}

// A flood of datagrams neither outlasts the deadline nor keeps the other green threads from their turns.
TENDRIL_TEST(DnsRows, AFloodLetsOthersRun) {
    bool flooded = false;
    NameServer server([&](const Question& q) {
        Answer answer = address("192.0.2.1");
        answer.forged.assign(200, q.name == "id.test" ? "id" : "empty");
        flooded = true;
        return answer;
    });
    for (const char* name : {"id.test", "empty.test"}) {
        flooded = false;
        testing::Faults reads({{.call = sys::Call::recv, .times = static_cast<std::size_t>(-1), .fault = {}}});
        std::size_t most = 0;
        auto other = spawn([&] {
            for (;;) {
                const std::size_t before = reads.happened();
                yield();
                most = std::max(most, reads.happened() - before);
            }
        });
        EXPECT_EQ(Resolver(asking(server)).resolve(name, 1, AddressFamily::ipv4).size(), 1u);
        other.kill();
        EXPECT_TRUE(flooded);
        EXPECT_GT(reads.happened(), 200u);
        EXPECT_LT(most, 150u);
    }
}

// TI18, many times: questions whose callers have left are bounded, and end when nobody waits any more.
TENDRIL_TEST(DnsRows, CallersThatLeaveDoNotPileUp) {
    NameServer server([](const Question& q) {
        Answer answer = address("192.0.2.1");
        answer.silent = q.name != "answered.test";
        return answer;
    });
    Resolver resolver(asking(server));
    auto patient = spawn([&] { resolver.resolve("patient.test", 1, AddressFamily::ipv4); });
    yield();
    int late = 0;
    for (int round = 0; round < 40; ++round) {
        std::vector<Greenlet<void>> impatient;
        impatient.reserve(50);
        for (int i = 0; i < 50; ++i) {
            impatient.push_back(spawn([&] {
                try {
                    resolver.resolve("impatient.test", 1, AddressFamily::ipv4, 1ms);
                } catch (const TimeoutError&) {
                    ++late;
                }
            }));
        }
        join_all(impatient);
    }
    EXPECT_EQ(late, 2000);
    EXPECT_LE(server.asked, 1024);
    patient.kill();
    EXPECT_EQ(resolver.resolve("answered.test", 1, AddressFamily::ipv4).size(), 1u);
}

// TI05: what an address did is told, under the name that was asked for, also of the only one.
TENDRIL_TEST(DnsRows, ARefusalNamesTheHost) {
    NameServer server([](const Question& q) { return q.type == 1 ? address("127.0.0.1") : Answer(); });
    Resolver resolver(asking(server));
    ConnectOptions options;
    options.resolver = &resolver;
    const std::uint16_t port = listen("127.0.0.1:0").address().port();  // closed again
    std::string text;
    EXPECT_EQ(code_of([&] { connect("one.test", port, options, 20s); }, &text), std::errc::connection_refused);
    const std::string number = std::to_string(port);
    EXPECT_EQ(text, "connect to one.test:" + number + ": tried 127.0.0.1:" + number +
                        " (Connection refused): Connection refused");
}

// TI05: one that hangs and one that refuses do not keep it from the third.
TENDRIL_TEST(DnsRows, TheThirdAddressWorks) {
    Listener full = listen("127.0.0.1:0", {.backlog = 0});
    const std::uint16_t port = full.address().port();
    std::vector<TcpSocket> fill;
    code_of([&] {
        for (int i = 0; i < 4; ++i) {
            fill.push_back(connect(full.address(), 20ms));
        }
    });
    Listener works = listen(Address::ip("127.0.0.3", port));
    NameServer server([](const Question& q) {
        Answer answer;
        if (q.type == 1) {
            answer.addresses = {"127.0.0.1", "127.0.0.2", "127.0.0.3"};  // hangs, refuses, works
        }
        return answer;
    });
    Resolver resolver(asking(server));
    ConnectOptions options;
    options.resolver = &resolver;
    options.attempt_delay = 10ms;
    const TcpSocket socket = connect("three.test", port, options, 20s);
    EXPECT_EQ(socket.peer_address(), works.address());
}

// The hub's own resolver is the user's, if there is one: connect() and the HTTP client ask it.
TENDRIL_TEST(DnsRows, TheClientAsksTheUsersResolver) {
    class Table final : public NameService {
    public:
        HostInfo look_up(const std::string& host, AddressFamily, Deadline) override {
            if (host != "app.internal") {
                fail(DnsError::not_found, host);
            }
            return {.name = host, .addresses = {Address::ip("127.0.0.1", 0)}};
        }
    };
    const Resolver before = Resolver::current();
    const detail::OnExit restored([&] { Resolver::set_current(before); });
    Resolver::set_current(Resolver(std::make_shared<Table>()));
    testing::RawHttpServer server([](testing::RawHttpConnection& c) {
        c.request();
        c.answer("hello");
    });
    const std::string port = std::to_string(http::Url(server.url()).port());
    EXPECT_EQ(http::get("http://app.internal:" + port + "/").text(), "hello");
    EXPECT_EQ(code_of([&] { http::get("http://other.internal:" + port + "/"); }), DnsError::not_found);
    EXPECT_EQ(connect("app.internal:" + port).peer_address().ip(), "127.0.0.1");
}

// The owner of a name may give it any number of addresses; not as many sockets are made for it.
TENDRIL_TEST(DnsRows, AttemptsAreBounded) {
    Listener full = listen("0.0.0.0:0", {.backlog = 0});
    const std::uint16_t port = full.address().port();
    std::vector<TcpSocket> fill;
    code_of([&] {
        for (int i = 0; i < 4; ++i) {
            fill.push_back(connect(Address::ip("127.0.0.1", port), 20ms));
        }
    });
    NameServer server([](const Question& q) {
        Answer answer;
        for (int i = 1; q.type == 1 && i <= 150; ++i) {
            answer.addresses.push_back("127.0.1." + std::to_string(i));
        }
        answer.truncated = !q.tcp;
        return answer;
    });
    Resolver resolver(asking(server));
    ConnectOptions options;
    options.resolver = &resolver;
    options.attempt_delay = 0ms;
    const testing::Faults streams({{.call = sys::Call::connect, .times = static_cast<std::size_t>(-1), .fault = {}}});
    std::string text;
    EXPECT_EQ(code_of([&] { connect("many.test", port, options, 500ms); }, &text), std::errc::timed_out);
    EXPECT_NE(text.find("127.0.1."), std::string::npos) << text;
    EXPECT_NE(text.find("(no answer yet) and "), std::string::npos) << text;
    EXPECT_LT(text.size(), 1000u);
    EXPECT_LT(streams.happened(), 300u) << "one is made for each address, to sort them";
}

// Every system call that c-ares makes for a lookup fails once, by UDP and by TCP: an error or the answer, and
// afterwards the resolver works.
TENDRIL_TEST(DnsRows, AnyCallMayFail) {
    NameServer server([](const Question& q) {
        Answer answer = address("192.0.2.1");
        answer.truncated = !q.tcp && q.name == "tcp.test";
        return answer;
    });
    ResolverOptions options = asking(server);
    options.try_timeout = 200ms;
    options.tries = 2;
    // c-ares's sockets will be the lowest numbers that are free: UDP, then TCP. The server's calls do not fail.
    const int first = sys::socket(AF_INET, SOCK_DGRAM);
    sys::close(first);
    for (const char* name : {"udp.test", "tcp.test"}) {
        Resolver resolver(options);
        const auto lookup = [&] { resolver.resolve(name, 1, AddressFamily::ipv4, 20s); };
        const int last = name == std::string("udp.test") ? first : first + 1;
        std::size_t happened = 0;
        for (const sys::Call call : {sys::Call::socket, sys::Call::connect, sys::Call::sendmsg, sys::Call::recv}) {
            for (int fd = call == sys::Call::socket ? -1 : first; fd <= (fd == -1 ? -1 : last); ++fd) {
                for (const int error : {EINTR, EMFILE, ENOBUFS, ECONNRESET, EHOSTUNREACH}) {
                    for (std::size_t i = 0; i < 2; ++i) {
                        const testing::Faults faults({{.call = call, .fd = fd, .skip = i, .fault = error}});
                        const std::error_code code = code_of(lookup);
                        EXPECT_TRUE(!code || code.category() == dns_category()) << name << ' ' << code.message();
                        happened += faults.happened();
                    }
                }
            }
        }
        EXPECT_FALSE(code_of(lookup)) << name;
        EXPECT_GE(happened, 20u);
    }
}

}  // namespace
}  // namespace tendril
