// SPDX-License-Identifier: MIT
//
// The resolver with a real dnsmasq on loopback.

#include <algorithm>
#include <string>
#include <vector>

#include <tendril/dns.hpp>
#include <tendril/udp_socket.hpp>

#include "green_test.hpp"
#include "name_server.hpp"
#include "peer.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

constexpr const char* dnsmasq = "/usr/sbin/dnsmasq";

struct Dnsmasq {
    Dnsmasq() {
        while (!start()) {  // the port was taken before it was
        }
    }

    // Returns: false when it could not listen.
    bool start() {
        port = UdpSocket::bound("127.0.0.1:0").local_address().port();
        std::vector<std::string> argv{dnsmasq,
                                      "--keep-in-foreground",
                                      "--conf-file=/dev/null",
                                      "--pid-file=",
                                      "--user=",
                                      "--no-resolv",
                                      "--no-hosts",
                                      "--log-facility=-",
                                      "--listen-address=127.0.0.1",
                                      "--bind-interfaces",
                                      "--port=" + std::to_string(port),
                                      "--local=/test/",
                                      "--host-record=both.test,192.0.2.1,2001:db8::1",
                                      "--host-record=real.test,192.0.2.7",
                                      "--cname=alias.test,real.test",
                                      "--ptr-record=9.2.0.192.in-addr.arpa,nine.test"};
        for (int i = 1; i <= 120; ++i) {  // more than a datagram holds
            argv.push_back("--host-record=long.test,198.51.100." + std::to_string(i));
        }
        server.emplace(argv, PopenOptions{.err = PIPE});
        BufferedReader says((*server)->stderr_());
        while (const std::optional<std::string> line = says.read_line(20s)) {
            if (line->find("failed to create listening socket") != std::string::npos) {
                return false;
            }
            if (line->find("started") != std::string::npos) {
                return true;
            }
        }
        throw std::runtime_error("dnsmasq did not start");
    }
    ResolverOptions options() const {
        ResolverOptions made;
        made.servers = {"127.0.0.1:" + std::to_string(port)};
        made.search = std::vector<std::string>{};
        return made;
    }
    std::uint16_t port;
    std::optional<Peer> server;
};

TENDRIL_TEST(DnsPeers, Dnsmasq) {
    TENDRIL_NEEDS(dnsmasq);
    const Dnsmasq server;
    Resolver resolver(server.options());
    EXPECT_EQ(resolver.resolve("both.test", 80, AddressFamily::ipv4), std::vector{Address::parse("192.0.2.1:80")});
    EXPECT_EQ(resolver.resolve("both.test", 80, AddressFamily::ipv6), std::vector{Address::parse("[2001:db8::1]:80")});
    EXPECT_EQ(resolver.resolve("both.test").size(), 2u);
    EXPECT_EQ(resolver.resolve("alias.test", 0, AddressFamily::ipv4), std::vector{Address::parse("192.0.2.7:0")});
    EXPECT_EQ(resolver.reverse(Address::parse("192.0.2.9:0")), "nine.test");
    EXPECT_EQ(resolver.resolve("long.test", 0, AddressFamily::ipv4).size(), 120u) << "by TCP";
    for (const char* host : {"none.test", "real.test"}) {
        try {
            resolver.resolve(host, 0, AddressFamily::ipv6);
            ADD_FAILURE() << host;
        } catch (const std::system_error& e) {
            EXPECT_EQ(e.code(), host == std::string("none.test") ? DnsError::not_found : DnsError::no_address) << host;
        }
    }
}

// What the C library finds, "c-ares" finds too, by the same walk through the search list. A resolv.conf cannot name a
// port: dnsmasq has 53 of an address of its own, and the program a mount namespace, in which that file is another.
TENDRIL_TEST(DnsPeers, BothResolversFindTheSame) {
    TENDRIL_NEEDS(dnsmasq);
    TENDRIL_NEEDS("unshare");
    const std::string at = "127.83.17.1";
    std::optional<UdpSocket> probe;
    try {
        probe = UdpSocket::bound(at + ":53");
    } catch (const std::system_error& e) {
        GTEST_SKIP() << e.what();
    }
    if (run({"unshare", "--mount", "true"}).returncode != 0) {
        GTEST_SKIP() << "no mount namespaces";
    }
    probe.reset();
    Peer server({dnsmasq, "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=", "--no-resolv",
                 "--no-hosts", "--log-facility=-", "--bind-interfaces", "--listen-address=" + at, "--local=/test/",
                 "--local=/plain/", "--local=/x/", "--local=/short/", "--local=/missing/",
                 "--host-record=short.good.test,192.0.2.1", "--host-record=plain,192.0.2.2",
                 "--host-record=a.x,192.0.2.3", "--host-record=short.six.test,2001:db8::1"},
                {.err = PIPE});
    Peer::after(server->stderr_(), "started");
    const std::string longest = std::string(61, 'a') + "." + std::string(61, 'b') + "." + std::string(61, 'c') + "." +
                                std::string(61, 'd') + ".test";
    for (const std::string& lines :
         {std::string("search good.test\n"), std::string("search .\n"), std::string("search none.test good.test\n"),
          std::string("search six.test good.test\n"), std::string("domain good.test\n"),
          std::string("search good.test\noptions ndots:2\n"), std::string("search none.test\noptions ndots:0\n"),
          "search " + longest + "\n"}) {
        const std::string file = "nameserver " + at + "\noptions timeout:1 attempts:1\n" + lines;
        const CompletedProcess done = run(
            {"unshare", "--mount", "sh", "-c",
             R"(f=$(mktemp) && printf '%s' "$1" >"$f" && mount --bind "$f" /etc/resolv.conf && rm -f "$f"; shift
                    exec "$0" "$@")",
             TENDRIL_RESOLVE_NAMES, file, "short", "plain", "plain.", "a.x", "missing", "missing.x", "short.good.test"},
            {.deadline = 60s});
        ASSERT_EQ(done.returncode, 0) << done.err;
        const std::size_t half = done.out.find("c-ares ");
        ASSERT_NE(half, std::string::npos) << done.out << done.err;
        std::string system = done.out.substr(0, half);
        for (std::size_t word = 0; (word = system.find("system ", word)) != std::string::npos;) {
            system.replace(word, 6, "c-ares");
        }
        EXPECT_EQ(done.out.substr(half), system) << lines;
    }
}

// dig with a name server of ours, by datagrams and by TCP.
TENDRIL_TEST(DnsPeers, Dig) {
    TENDRIL_NEEDS("dig");
    testing::NameServer server([](const testing::Question& q) {
        testing::Answer answer;
        if (q.name == "one.test") {
            answer.addresses = {q.type == 28 ? "2001:db8::1" : "192.0.2.1"};
        } else {
            answer.code = 3;
        }
        answer.truncated = q.type == 28;
        return answer;
    });
    const std::string port = server.address().substr(server.address().rfind(':') + 1);
    const auto dig = [&](const std::string& name, const std::string& type) {
        return output_of({"dig", "@127.0.0.1", "-p", port, "+noedns", "+tries=1", name, type});
    };
    EXPECT_NE(dig("one.test", "A").find("192.0.2.1"), std::string::npos);
    EXPECT_NE(dig("one.test", "AAAA").find("2001:db8::1"), std::string::npos) << "cut off, so it came by TCP";
    EXPECT_NE(dig("two.test", "A").find("NXDOMAIN"), std::string::npos);
}

}  // namespace
}  // namespace tendril
