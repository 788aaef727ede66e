// SPDX-License-Identifier: MIT

#include <tendril/dns.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/socket.hpp>
#include <tendril/timeout.hpp>

#include "faults.hpp"
#include "green_test.hpp"
#include "name_server.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::Answer;
using testing::NameServer;
using testing::Question;

ResolverOptions asking(const NameServer& server) {
    ResolverOptions options{.servers = {server.address()}, .search = std::vector<std::string>{}};
    options.try_timeout = 100ms;
    options.tries = 2;
    return options;
}

std::vector<std::string> texts(const std::vector<Address>& all) {
    std::vector<std::string> result;
    for (const Address& each : all) {
        result.push_back(each.to_string());
    }
    return result;
}

std::error_code error_of(Resolver resolver, const std::string& host, AddressFamily family = AddressFamily::any) {
    try {
        resolver.resolve(host, 80, family, 20s);
        return {};
    } catch (const std::system_error& e) {
        EXPECT_NE(std::string(e.what()).find(host.substr(0, std::min<std::size_t>(100, host.find('\0')))),
                  std::string::npos)
            << e.what();
        return e.code();
    }
}

using Texts = std::vector<std::string>;

TENDRIL_TEST(Dns, AsksForBothKindsOfAddresses) {
    NameServer server([](const Question& q) {
        Answer answer;
        if (q.name == "both.test") {
            answer.addresses = {q.type == 1 ? "127.0.0.7" : "::1"};
        } else if (q.name == "four.test") {
            answer.addresses = q.type == 1 ? Texts{"192.0.2.1", "192.0.2.2"} : Texts{};
        } else {
            answer.code = 3;
        }
        return answer;
    });
    Resolver resolver(asking(server));
    EXPECT_EQ(resolver.resolve("both.test", 80).size(), 2u);
    EXPECT_EQ(texts(resolver.resolve("BOTH.test", 80, AddressFamily::ipv4)), Texts{"127.0.0.7:80"});
    EXPECT_EQ(texts(resolver.resolve("both.test.", 81, AddressFamily::ipv6)), Texts{"[::1]:81"});
    EXPECT_EQ(resolver.resolve("four.test").size(), 2u);
    EXPECT_EQ(error_of(resolver, "four.test", AddressFamily::ipv6), DnsError::no_address);
    EXPECT_EQ(error_of(resolver, "none.test"), DnsError::not_found);
}

TENDRIL_TEST(Dns, LooksUpNoNumbersAndNoNonsense) {
    for (const char* kind : {"c-ares", "system"}) {
        Resolver resolver(ResolverOptions{.kind = kind});
        EXPECT_EQ(texts(resolver.resolve("127.0.0.1", 80)), Texts{"127.0.0.1:80"});
        EXPECT_EQ(texts(resolver.resolve("::1", 80)), Texts{"[::1]:80"});
        EXPECT_EQ(error_of(resolver, "::1", AddressFamily::ipv4), DnsError::no_address);
        for (const std::string& bad :
             {std::string(), std::string(300, 'a'), std::string("a b"), std::string("a\0b", 3)}) {
            EXPECT_EQ(error_of(resolver, bad), DnsError::bad_name);
        }
        EXPECT_FALSE(resolver.resolve("localhost", 80, AddressFamily::ipv4).empty());
        EXPECT_EQ(texts(resolver.resolve("LocalHost", 80, AddressFamily::ipv4)).front(), "127.0.0.1:80")
            << "letter case does not matter in the hosts file";
    }
    EXPECT_THROW(Resolver(ResolverOptions{.kind = "no such"}), std::invalid_argument);
    EXPECT_THROW(Resolver(ResolverOptions{.servers = {"not an address"}}), std::invalid_argument);
}

TENDRIL_TEST(Dns, FindsTheNameOfAnAddress) {
    NameServer server([](const Question& q) {
        Answer answer;
        if (q.type == 12 && q.name == "9.2.0.192.in-addr.arpa") {
            answer.addresses = {"nine.test"};
        } else {
            answer.code = 3;
        }
        return answer;
    });
    Resolver resolver(asking(server));
    EXPECT_EQ(resolver.reverse(Address::parse("192.0.2.9:0")), "nine.test");
    EXPECT_THROW(resolver.reverse(Address::parse("192.0.2.8:0")), std::system_error);
    EXPECT_THROW(resolver.reverse(Address::parse("unix:/x")), std::invalid_argument);
}

TENDRIL_TEST(Dns, WhatServersSayIsTheError) {
    NameServer server([](const Question& q) {
        Answer answer;
        answer.code = q.name == "fails.test" ? 2 : 5;
        return answer;
    });
    Resolver resolver(asking(server));
    EXPECT_EQ(error_of(resolver, "fails.test"), DnsError::server_failure);
    EXPECT_EQ(error_of(resolver, "refused.test"), DnsError::server_failure);
}

TENDRIL_TEST(Dns, ASilentServerIsAskedAgainAndThenGivenUp) {
    int asked = 0;
    NameServer server([&](const Question& q) {
        Answer answer;
        answer.addresses = {"192.0.2.1"};
        answer.silent = q.name == "never.test" || ++asked == 1;
        return answer;
    });
    Resolver resolver(asking(server));
    EXPECT_EQ(resolver.resolve("lost.test", 1, AddressFamily::ipv4).size(), 1u) << "the first packet was lost";
    EXPECT_EQ(error_of(resolver, "never.test", AddressFamily::ipv4), DnsError::no_answer);
}

// TI18: the caller leaves at once; the late answer does no harm, and the resolver still works.
TENDRIL_TEST(Dns, ALateAnswerHarmsNobody) {
    NameServer server([](const Question& q) {
        Answer answer;
        answer.addresses = {"192.0.2.1"};
        answer.delay = q.name == "late.test" ? 30ms : 0ms;
        return answer;
    });
    Resolver resolver(asking(server));
    EXPECT_THROW(resolver.resolve("late.test", 1, AddressFamily::ipv4, 5ms), TimeoutError);
    auto killed = spawn([&] { resolver.resolve("late.test", 1, AddressFamily::ipv4); });
    sleep(1ms);
    killed.kill();
    Timeout timeout(5ms);
    EXPECT_THROW(resolver.resolve("late.test", 1, AddressFamily::ipv4), Timeout::Expired);
    timeout.cancel();
    auto other = spawn([&] { return resolver.resolve("late.test", 1, AddressFamily::ipv4).size(); });
    EXPECT_THROW(resolver.resolve("late.test", 1, AddressFamily::ipv4, 5ms), TimeoutError);
    EXPECT_EQ(other.get(), 1u) << "the remaining caller gets the answer";
}

// TI19 and CVE-2023-29483: forged answers are ignored, and the true one is taken when it comes.
TENDRIL_TEST(Dns, ForgedAnswersAreIgnored) {
    NameServer server([](const Question& q) {
        Answer answer;
        answer.addresses = {"192.0.2.1"};
        answer.forged = {q.name.substr(0, q.name.find('.'))};
        return answer;
    });
    Resolver resolver(asking(server));
    for (const char* how : {"id", "question", "port", "garbage", "empty"}) {
        EXPECT_EQ(texts(resolver.resolve(std::string(how) + ".test", 1, AddressFamily::ipv4)), Texts{"192.0.2.1:1"})
            << how;
    }
}

TENDRIL_TEST(Dns, LongAnswersComeOverTcp) {
    NameServer server([](const Question& q) {
        Answer answer;
        for (int i = 1; i <= 200; ++i) {
            answer.addresses.push_back("192.0.2." + std::to_string(i));
        }
        answer.truncated = !q.tcp;
        return answer;
    });
    EXPECT_EQ(Resolver(asking(server)).resolve("long.test", 1, AddressFamily::ipv4).size(), 200u);
}

TENDRIL_TEST(Dns, AThousandLookupsAtOnce) {
    NameServer server([](const Question& q) {
        Answer answer;
        answer.addresses = {"192.0.2." + std::to_string(q.name.size())};
        return answer;
    });
    ResolverOptions options = asking(server);
    options.try_timeout = 5s;  // the server is slow under sanitizers
    Resolver resolver(options);
    std::vector<Greenlet<std::size_t>> all;
    for (int i = 0; i < 1000; ++i) {
        all.push_back(spawn([&, i] {
            return resolver.resolve("host" + std::to_string(i) + ".test", 1, AddressFamily::ipv4, 60s).size();
        }));
    }
    for (auto& each : all) {
        EXPECT_EQ(each.get(), 1u);
    }
}

TENDRIL_TEST(Dns, SearchDomainsAreTried) {
    NameServer server([](const Question& q) {
        Answer answer;
        if (q.name == "short.example.test") {
            answer.addresses = {"192.0.2.1"};
        } else {
            answer.code = 3;
        }
        return answer;
    });
    ResolverOptions options = asking(server);
    options.search = std::vector<std::string>{"elsewhere.test", "example.test"};
    EXPECT_EQ(Resolver(options).resolve("short", 1, AddressFamily::ipv4).size(), 1u);
}

// c-ares would give up at the first domain that fails; the C library does not.
TENDRIL_TEST(Dns, OneSearchDomainsFailureIsNotTheHosts) {
    std::vector<std::string> asked;
    NameServer server([&](const Question& question) {
        asked.push_back(question.name);
        Answer answer;
        if (question.name == "short.good.test" || question.name == "plain") {
            answer.addresses = {"192.0.2.3"};
        } else {
            answer.code = question.name == "short.broken.test" ? 2 : question.name == "short.empty.test" ? 0 : 3;
        }
        return answer;
    });
    const auto resolved = [&](const std::string& host, std::vector<std::string> search) {
        ResolverOptions options = asking(server);
        options.search = std::move(search);
        asked.clear();
        return texts(Resolver(options).resolve(host, 1, AddressFamily::ipv4));
    };
    EXPECT_EQ(resolved("short", {"broken.test", "empty.test", "missing.test", "good.test"}), Texts{"192.0.2.3:1"});
    EXPECT_EQ(resolved("plain", {"."}), Texts{"192.0.2.3:1"});
    EXPECT_EQ(asked, (Texts{"plain"}));
    EXPECT_EQ(resolved("plain", {std::string(61, 'a') + "." + std::string(61, 'a') + "." + std::string(61, 'a') + "." +
                                 std::string(61, 'a') + ".test"}),
              Texts{"192.0.2.3:1"});
    EXPECT_EQ(asked, (Texts{"plain"})) << "names that are too long are not asked for";
    EXPECT_EQ(resolved("plain.", {"good.test"}), Texts{"192.0.2.3:1"});
    EXPECT_EQ(asked, (Texts{"plain"}));
}

TENDRIL_TEST(Dns, RefusesOptionsThatWouldBeCut) {
    EXPECT_THROW(Resolver({.servers = {std::string("127.0.0.1\0.2", 12)}}), std::invalid_argument);
    EXPECT_THROW(Resolver({.search = Texts{std::string("a\0b", 3)}}), std::invalid_argument);
    EXPECT_THROW(Resolver({.try_timeout = std::chrono::milliseconds(1LL << 40)}), std::invalid_argument);
    EXPECT_THROW(Resolver({.tries = -1}), std::invalid_argument);
}

TENDRIL_TEST(Dns, EveryFailingCallIsAnErrorAndNothingHangs) {
    NameServer server([](const Question&) {
        Answer answer;
        answer.addresses = {"192.0.2.1"};
        return answer;
    });
    for (const sys::Call call : {sys::Call::socket, sys::Call::connect}) {
        for (const int error : {EMFILE, ENOMEM, ENETUNREACH}) {
            const testing::Faults faults({{.call = call, .times = 1000, .fault = error}});
            EXPECT_NE(error_of(Resolver(asking(server)), "x.test", AddressFamily::ipv4), std::error_code());
        }
    }
    const testing::Faults faults(
        {{.call = sys::Call::sendmsg, .fault = EPERM}, {.call = sys::Call::sendmsg, .fault = EINTR}});
    EXPECT_NE(error_of(Resolver(asking(server)), "x.test", AddressFamily::ipv4), DnsError::not_found);
}

TENDRIL_TEST(Dns, TheHubHasAResolverOfItsOwn) {
    EXPECT_FALSE(resolve("localhost", 80).empty());
    EXPECT_EQ(texts(resolve("127.0.0.1", 80)), Texts{"127.0.0.1:80"});
}

// Answers that "two.test" has the addresses ::1 and 127.0.0.1.
Answer two_addresses(const Question& q) {
    Answer answer;
    answer.addresses = {q.type == 1 ? "127.0.0.1" : "::1"};
    return answer;
}

// TI05: every address is tried, the working one wins, and the other attempts leave nothing behind.
TENDRIL_TEST(Connect, TriesEveryAddressOfAHost) {
    NameServer server(two_addresses);
    Resolver resolver(asking(server));
    Listener listener = listen("127.0.0.1:0");
    const std::uint16_t port = listener.address().port();
    ConnectOptions options;
    options.resolver = &resolver;
    EXPECT_EQ(connect("two.test", port, options).peer_address(), listener.address());
    EXPECT_EQ(connect("two.test:" + std::to_string(port), options, 20s).peer_address(), listener.address());
    EXPECT_EQ(connect("localhost:" + std::to_string(port), 20s).peer_address(), listener.address());
    listener.close();
    try {
        connect("two.test", port, options);
        ADD_FAILURE() << "no server listens";
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code().value(), ECONNREFUSED);
        for (const char* each : {"[::1]:", "127.0.0.1:"}) {
            EXPECT_NE(std::string(e.what()).find(each + std::to_string(port) + " (Connection refused)"),
                      std::string::npos)
                << e.what();
        }
    }
    EXPECT_THROW(connect("example.org"), std::invalid_argument) << "a port is missing";
    EXPECT_THROW(connect("localhost:99999"), std::invalid_argument);
    EXPECT_THROW(connect("localhost", 65536), std::invalid_argument);  // TI18
    EXPECT_THROW(connect("localhost", -1), std::invalid_argument);
}

// An attempt that hangs does not hold up the next one; one that is killed or late leaves nothing behind.
TENDRIL_TEST(Connect, AHangingAddressDoesNotHoldUpTheNext) {
    NameServer server(two_addresses);
    Resolver resolver(asking(server));
    Listener full = listen("[::1]:0", {.backlog = 0});
    const std::uint16_t port = full.address().port();
    Listener works = listen(Address::ip("127.0.0.1", port));
    std::vector<TcpSocket> fill;
    try {
        for (int i = 0; i < 4; ++i) {
            fill.push_back(connect(full.address(), 20ms));
        }
    } catch (const TimeoutError&) {
    }
    ConnectOptions options;
    options.attempt_delay = 10ms;
    options.resolver = &resolver;
    EXPECT_EQ(connect("two.test", port, options, 20s).peer_address(), works.address());
    options.bind = Address::parse("[::1]:0");  // IPv6 only
    auto killed = spawn([&] { connect("two.test", port, options); });
    EXPECT_FALSE(killed.join(5ms));
    killed.kill();
    EXPECT_THROW(connect("two.test", port, options, 5ms), TimeoutError);
}

}  // namespace
}  // namespace tendril
