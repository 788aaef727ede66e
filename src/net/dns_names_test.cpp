// SPDX-License-Identifier: MIT
//
// Canonical names, aliases, names of addresses, hints, and resolvers of the user's own.

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <tendril/dns.hpp>
#include <tendril/error.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/socket.hpp>
#include <tendril/thread_pool.hpp>

#include "base/on_exit.hpp"
#include "faults.hpp"
#include "folder.hpp"
#include "green_test.hpp"
#include "name_server.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::Answer;
using testing::NameServer;
using testing::Question;
using testing::wire_name;
using Texts = std::vector<std::string>;

ResolverOptions asking(const NameServer& server) {
    ResolverOptions options{.servers = {server.address()}, .search = Texts{}};
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

Texts texts(const std::vector<Address>& all) {
    Texts result;
    for (const Address& each : all) {
        result.push_back(each.to_string());
    }
    return result;
}

// www.test -> cdn.test -> edge.test, which has one address; four.test, six.test have one of one kind.
Answer zone(const Question& q) {
    Answer answer;
    if (q.name == "www.test") {
        answer.records = {{"www.test", 5, wire_name("cdn.test")}, {"cdn.test", 5, wire_name("edge.test")}};
        if (q.type == 1) {
            answer.records.push_back({"edge.test", 1, "\x7f\1\1\1"});
        }
    } else if (q.name == "four.test") {
        answer.addresses = q.type == 1 ? Texts{"127.0.0.4"} : Texts{};
    } else if (q.name == "both.test") {
        answer.addresses = {q.type == 1 ? "127.0.0.4" : "::1"};
    } else if (q.type == 12 && q.name == "4.2.0.192.in-addr.arpa") {
        answer.addresses = {"four.test", "quattro.test", "a;b.test"};
    } else if (q.type == 12 && q.name == "5.2.0.192.in-addr.arpa") {  // RFC 2317
        answer.records = {{q.name, 5, wire_name("5.0/25.2.0.192.in-addr.arpa")},
                          {"5.0/25.2.0.192.in-addr.arpa", 12, wire_name("five.test")}};
    } else if (q.type == 12 && q.name == "6.2.0.192.in-addr.arpa") {
        answer.addresses = {"$(reboot).test"};
    } else {
        answer.code = 3;
    }
    return answer;
}

TENDRIL_TEST(DnsNames, CanonicalNameAndAliases) {
    NameServer server(zone);
    Resolver resolver(asking(server));
    const HostInfo info = resolver.look_up("www.test", {.port = 80});
    EXPECT_EQ(info.name, "edge.test");
    EXPECT_EQ(info.aliases, (Texts{"www.test", "cdn.test"}));
    EXPECT_EQ(texts(info.addresses), Texts{"127.1.1.1:80"});
    const HostInfo plain = resolver.look_up("four.test", {.service = "https"});
    EXPECT_EQ(plain.name, "four.test");
    EXPECT_TRUE(plain.aliases.empty());
    EXPECT_EQ(texts(plain.addresses), Texts{"127.0.0.4:443"});
    EXPECT_EQ(resolver.look_up("127.0.0.1").name, "127.0.0.1");
    EXPECT_EQ(resolver.look_up("localhost").name, "localhost");
}

TENDRIL_TEST(DnsNames, NamesOfAnAddress) {
    NameServer server(zone);
    Resolver resolver(asking(server));
    const HostInfo info = resolver.look_up_address(Address::parse("192.0.2.4:7"));
    EXPECT_EQ(info.name, "four.test");
    EXPECT_EQ(info.aliases, Texts{"quattro.test"}) << "a;b is not a host's name";
    EXPECT_EQ(texts(info.addresses), Texts{"192.0.2.4:7"});
    EXPECT_EQ(resolver.reverse(Address::parse("192.0.2.5:0")), "five.test");
    EXPECT_EQ(code_of([&] { resolver.reverse(Address::parse("192.0.2.6:0")); }), DnsError::bad_answer);
    EXPECT_EQ(code_of([&] { resolver.reverse(Address::parse("192.0.2.7:0")); }), DnsError::not_found);
    EXPECT_EQ(reverse_name(Address::parse("192.0.2.1:0")), "1.2.0.192.in-addr.arpa");
    EXPECT_EQ(reverse_name(Address::parse("[2001:db8::1]:0")),
              "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    EXPECT_THROW(reverse_name(Address::parse("unix:/x")), std::invalid_argument);
}

TENDRIL_TEST(DnsNames, HostAndServiceOfAnAddress) {
    NameServer server(zone);
    Resolver resolver(asking(server));
    const auto shown = [&](const char* address, const NameInfoOptions& options) {
        const NameInfo info = resolver.name_info(Address::parse(address), options);
        return info.host + ' ' + info.service;
    };
    EXPECT_EQ(shown("192.0.2.4:80", {}), "four.test http");
    EXPECT_EQ(shown("192.0.2.4:80", {.numeric_host = true}), "192.0.2.4 http");
    EXPECT_EQ(shown("192.0.2.4:80", {.numeric_service = true}), "four.test 80");
    EXPECT_EQ(shown("192.0.2.4:69", {.datagram = true}), "four.test tftp");
    EXPECT_EQ(shown("192.0.2.4:69", {}), "four.test 69");
    EXPECT_EQ(shown("192.0.2.7:65500", {}), "192.0.2.7 65500");
    EXPECT_EQ(code_of([&] { shown("192.0.2.7:1", {.name_required = true}); }), DnsError::not_found);
    EXPECT_THROW(shown("192.0.2.4:1", {.numeric_host = true, .name_required = true}), std::invalid_argument);
    EXPECT_EQ(shown("unix:/run/x", {}), host_name() + " /run/x");
}

TENDRIL_TEST(DnsNames, FullNames) {
    NameServer server(zone);
    Resolver resolver(asking(server));
    EXPECT_EQ(resolver.full_name("www.test"), "edge.test");
    EXPECT_EQ(resolver.full_name("192.0.2.4"), "four.test");
    EXPECT_EQ(resolver.full_name("unknown.test"), "unknown.test");
    EXPECT_EQ(resolver.full_name("192.0.2.7"), "192.0.2.7");
    EXPECT_FALSE(resolver.full_name().empty());
    EXPECT_EQ(resolver.full_name("0.0.0.0"), resolver.full_name());
}

TENDRIL_TEST(DnsNames, Hints) {
    NameServer server(zone);
    Resolver resolver(asking(server));
    const auto found = [&](const char* host, const LookupOptions& options) {
        return texts(resolver.look_up(host, options).addresses);
    };
    EXPECT_EQ(found("four.test", {.family = AddressFamily::ipv6, .v4_mapped = true}), Texts{"[::ffff:127.0.0.4]:0"});
    EXPECT_EQ(found("both.test", {.family = AddressFamily::ipv6, .v4_mapped = true}), Texts{"[::1]:0"});
    EXPECT_EQ(found("both.test", {.family = AddressFamily::ipv6, .v4_mapped = true, .all = true}).size(), 2u);
    EXPECT_EQ(found("127.0.0.1", {.family = AddressFamily::ipv6, .v4_mapped = true}), Texts{"[::ffff:127.0.0.1]:0"});
    EXPECT_EQ(found("", {.port = 80, .family = AddressFamily::ipv4, .passive = true}), Texts{"0.0.0.0:80"});
    EXPECT_EQ(found("", {.port = 80, .family = AddressFamily::ipv4}), Texts{"127.0.0.1:80"});
    EXPECT_EQ(found("", {.family = AddressFamily::ipv6, .passive = true}), Texts{"[::]:0"});
    EXPECT_EQ(found("127.0.0.1", {.service = "8080", .numeric = true}), Texts{"127.0.0.1:8080"});
    EXPECT_EQ(found("127.0.0.1", {.service = "tftp"}), Texts{"127.0.0.1:69"});
    EXPECT_EQ(found("127.0.0.1", {.routable = true}), Texts{"127.0.0.1:0"});
    EXPECT_EQ(code_of([&] { found("255.255.255.255", {.routable = true}); }), DnsError::no_address);
    {
        const testing::Faults full({{.call = sys::Call::socket, .fault = EMFILE}});
        EXPECT_EQ(code_of([&] { found("127.0.0.1", {.routable = true}); }), std::errc::too_many_files_open);
    }
    EXPECT_EQ(code_of([&] { found("four.test", {.numeric = true}); }), DnsError::not_found);
    EXPECT_EQ(code_of([&] { found("127.0.0.1", {.service = "tftp", .transport = Transport::tcp}); }),
              DnsError::no_service);
    EXPECT_THROW(found("127.0.0.1", {.port = 1, .service = "http"}), std::invalid_argument);
    EXPECT_THROW(found("127.0.0.1", {.service = "65536"}), std::invalid_argument);
}

TENDRIL_TEST(DnsNames, TheResolverLooksUpTheAsciiForm) {
    NameServer server([](const Question& q) {
        Answer answer;
        if (q.name == "xn--bcher-kva.test" && q.type == 1) {
            answer.addresses = {"192.0.2.1"};
        } else if (q.name == "xn--bcher-kva.test" && q.type == 16) {
            answer.records = {{q.name, 16, "\2ok"}};
        } else {
            answer.code = 3;
        }
        return answer;
    });
    Resolver resolver({.servers = {server.address()}, .search = std::vector<std::string>{}});
    const std::string name = "B\xc3\xbc"
                             "cher.test";
    EXPECT_EQ(resolver.resolve(name, 80, AddressFamily::ipv4).front().to_string(), "192.0.2.1:80");
    EXPECT_EQ(resolver.query<TxtRecord>(name).size(), 1u);
    EXPECT_EQ(resolver.look_up(name, {.family = AddressFamily::ipv4}).name, "xn--bcher-kva.test");
    EXPECT_EQ(resolver.look_up(name, {.family = AddressFamily::ipv4, .unicode_name = true}).name, "b\xc3\xbc"
                                                                                                  "cher.test");
    try {
        resolver.resolve("\xc3.test");
        ADD_FAILURE();
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code(), DnsError::bad_name);
    }
}

// A table of one name, which leads to the loopback; it counts, and waits if it is told to.
class Table final : public NameService {
public:
    explicit Table(int& asked, Event* gate = nullptr) : asked_(asked), gate_(gate) {}
    HostInfo look_up(const std::string& host, AddressFamily, Deadline deadline) override {
        ++asked_;
        if (gate_ != nullptr && !gate_->wait(deadline)) {
            fail(DnsError::no_answer, host);
        }
        if (host != "db.internal") {
            fail(DnsError::not_found, host);
        }
        return {.name = host, .addresses = {Address::ip("127.0.0.1", 0)}};
    }

private:
    int& asked_;
    Event* gate_;
};

TENDRIL_TEST(DnsNames, AResolverOfTheUsersOwn) {
    int asked = 0;
    const Resolver before = Resolver::current();
    const detail::OnExit restored([&] { Resolver::set_current(before); });
    Resolver::set_current(Resolver(std::make_shared<Table>(asked)));
    Listener listener = listen("127.0.0.1:0");
    const std::uint16_t port = listener.address().port();
    EXPECT_EQ(connect("db.internal", port, 20s).peer_address(), listener.address());
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(texts(resolve("db.internal", 5)), Texts{"127.0.0.1:5"});
    EXPECT_EQ(code_of([&] { resolve("other.internal", 5); }), DnsError::not_found);
    EXPECT_EQ(asked, 3);
    EXPECT_FALSE(resolve("localhost", 5).empty());
    EXPECT_EQ(texts(resolve("127.0.0.1", 5)), Texts{"127.0.0.1:5"});
    EXPECT_EQ(asked, 3) << "what needs no looking up";
    EXPECT_EQ(code_of([&] { query("db.internal", RecordType::mx); }), DnsError::unsupported);
    EXPECT_EQ(code_of([&] { reverse(Address::parse("192.0.2.1:0")); }), DnsError::unsupported);
    EXPECT_EQ(name_info(Address::parse("192.0.2.1:80")).host, "192.0.2.1");
    EXPECT_THROW(Resolver(std::shared_ptr<NameService>()), std::invalid_argument);
}

// Answers everything with the same.
class Same final : public NameService {
public:
    explicit Same(std::vector<Address> addresses) : addresses_(std::move(addresses)) {}
    HostInfo look_up(const std::string&, AddressFamily, Deadline) override { return {.addresses = addresses_}; }
    HostInfo look_up_address(const Address&, Deadline) override { return {.addresses = addresses_}; }

private:
    std::vector<Address> addresses_;
};

Resolver always(const Texts& addresses) {
    std::vector<Address> all;
    for (const std::string& each : addresses) {
        all.push_back(Address::parse(each));
    }
    return Resolver(std::make_shared<Same>(std::move(all)));
}

// A path is longer than the socket addresses of the Internet, into which the port is put.
TENDRIL_TEST(DnsNames, WhatAServiceOfTheUsersOwnReturnsIsChecked) {
    for (const std::string& path : {"unix:/" + std::string(100, 'x'), std::string("unix:@a")}) {
        EXPECT_THROW(always({"127.0.0.1:0", path}).resolve("a.test", 1), std::logic_error);
        EXPECT_THROW(always({path}).look_up("a.test", {.family = AddressFamily::ipv4}), std::logic_error);
    }
    EXPECT_THROW(Resolver(std::make_shared<Same>(std::vector{Address()})).resolve("a.test"), std::logic_error);
    EXPECT_EQ(code_of([] { always({}).resolve("a.test"); }), DnsError::no_address);
    EXPECT_EQ(code_of([] { always({"127.0.0.1:9"}).resolve("a.test", 1, AddressFamily::ipv6); }), DnsError::no_address);
    EXPECT_EQ(texts(always({"127.0.0.1:9", "[::1]:9"}).resolve("a.test", 1, AddressFamily::ipv6)), Texts{"[::1]:1"});
    EXPECT_EQ(always({"127.0.0.1:9"}).look_up("a.test").name, "a.test");
    EXPECT_EQ(code_of([] { always({}).reverse(Address::parse("192.0.2.1:0")); }), DnsError::not_found);
    Resolver none = always({});
    ConnectOptions options;
    options.resolver = &none;
    EXPECT_EQ(code_of([&] { connect("a.test", 1, options, 20s); }), DnsError::no_address);
}

TENDRIL_TEST(DnsNamesThreads, AResolverBelongsToItsHub) {
    Resolver all[] = {Resolver(ResolverOptions{.kind = "c-ares"}), Resolver(ResolverOptions{.kind = "system"}),
                      always({"127.0.0.1:0"})};
    ThreadPool pool(1);
    for (Resolver& each : all) {
        EXPECT_THROW(pool.apply([&] { each.resolve("localhost"); }), WrongThread);
        EXPECT_THROW(pool.apply([&] { each.look_up("localhost"); }), WrongThread);
        EXPECT_THROW(pool.apply([&] { each.reverse(Address::parse("127.0.0.1:0")); }), WrongThread);
        EXPECT_THROW(pool.apply([&] { each.query("a.test", RecordType::mx); }), WrongThread);
        EXPECT_THROW(pool.apply([&] { each.cache_statistics(); }), WrongThread);
        EXPECT_THROW(pool.apply([&] { each.clear_cache(); }), WrongThread);
    }
}

// A call under way keeps its NameService, whatever becomes of the Resolver; a kill ends it.
TENDRIL_TEST(DnsNames, ACallKeepsItsService) {
    int asked = 0;
    Event gate;
    std::optional<Resolver> resolver(std::make_shared<Table>(asked, &gate));
    auto caller = spawn([&] { return resolver->resolve("db.internal", 1).size(); });
    auto killed = spawn([&] { return resolver->resolve("db.internal", 1).size(); });
    yield();
    EXPECT_EQ(asked, 2);
    resolver.reset();
    killed.kill();
    gate.set();
    EXPECT_EQ(caller.get(), 1u);
}

TENDRIL_TEST(DnsNamesThreads, ADefaultForTheProcess) {
    NameServer server(zone);
    const detail::OnExit restored([] { Resolver::set_default(nullptr); });
    const std::string address = server.address();
    Resolver::set_default([address] { return Resolver({.servers = {address}, .search = Texts{}}); });
    ThreadPool pool(1);  // a new OS thread, with a hub of its own
    const std::string found =
        pool.apply([] { return resolve("four.test", 1, AddressFamily::ipv4, 20s).front().to_string(); });
    EXPECT_EQ(found, "127.0.0.4:1");
}

// A green thread that is unwound at the hub's end, when the hub's own resolver is gone, gets one for each call.
TENDRIL_TEST(DnsNamesThreads, IsThereWhileTheHubEnds) {
    struct Counted final : NameService {
        explicit Counted(std::atomic<int>& n) : alive(n) { ++alive; }
        ~Counted() override { --alive; }
        HostInfo look_up(const std::string&, AddressFamily, Deadline) override {
            return {.addresses = {Address::parse("192.0.2.1:0")}};
        }
        std::atomic<int>& alive;
    };
    std::atomic<int> alive = 0;
    std::string found;
    const detail::OnExit restored([] { Resolver::set_default(nullptr); });
    Resolver::set_default([&] { return Resolver(std::make_shared<Counted>(alive)); });
    for (const bool sets : {false, true}) {
        std::thread([&] {
            auto left = spawn([&] {
                const detail::OnExit last([&] {
                    if (sets) {
                        Resolver::set_current(Resolver(std::make_shared<Counted>(alive)));
                    }
                    found = resolve("a.test", 7).front().to_string();
                });
                Event().wait();
            });
            EXPECT_EQ(resolve("a.test", 5).front().to_string(), "192.0.2.1:5");
            yield();
            EXPECT_EQ(alive, 1);
        }).join();
        EXPECT_EQ(found, "192.0.2.1:7");
        EXPECT_EQ(alive, 0) << "and leaves none behind";
    }
}

TENDRIL_TEST(DnsNames, TheEnvironmentNamesServers) {
    NameServer server(zone);
    ::setenv("TENDRIL_NAMESERVERS", server.address().c_str(), 1);
    const detail::OnExit restored([] { ::unsetenv("TENDRIL_NAMESERVERS"); });
    EXPECT_EQ(texts(Resolver({.search = Texts{}}).resolve("four.test", 1, AddressFamily::ipv4)), Texts{"127.0.0.4:1"});
    ::setenv("TENDRIL_NAMESERVERS", "no address", 1);
    EXPECT_THROW(Resolver(), std::invalid_argument);
    EXPECT_NO_THROW(Resolver({.servers = {server.address()}}));
}

TENDRIL_TEST(DnsNames, AnotherConfigurationFile) {
    std::vector<std::string> names;
    NameServer server([&](const Question& q) {
        names.push_back(q.name);
        Answer answer;
        answer.addresses = {"127.0.0.4"};
        return answer;
    });
    const testing::TemporaryFolder folder;
    ResolverOptions options{.servers = {server.address()}};
    options.resolv_conf = folder.path("resolv.conf");
    folder.write("resolv.conf", "search from.file.test\noptions ndots:2\n");
    EXPECT_EQ(texts(Resolver(options).resolve("a.b", 1, AddressFamily::ipv4)), Texts{"127.0.0.4:1"});
    EXPECT_EQ(names, Texts{"a.b.from.file.test"});
    options.resolv_conf = std::string("a\0b", 3);
    EXPECT_THROW(Resolver{options}, std::invalid_argument);
}

TENDRIL_TEST(DnsNames, TheSystemsResolverToo) {
    Resolver resolver({.kind = "system"});
    EXPECT_EQ(texts(resolver.look_up("localhost", {.port = 80, .family = AddressFamily::ipv4}).addresses),
              Texts{"127.0.0.1:80"});
    EXPECT_FALSE(resolver.look_up_address(Address::parse("127.0.0.1:0")).name.empty());
    EXPECT_EQ(code_of([&] { resolver.query("a..b", RecordType::mx); }), DnsError::bad_name);
}

}  // namespace
}  // namespace tendril
