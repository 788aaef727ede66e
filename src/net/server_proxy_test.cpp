// SPDX-License-Identifier: MIT
//
// Servers behind a proxy: whose header is trusted.

#include <tendril/server.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/buffered.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/proxy_protocol.hpp>
#include <tendril/stream_server.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

const Address claimed = Address::parse("192.0.2.1:1234");

std::string header() {
    ProxyHeader header;
    header.source = claimed;
    header.destination = Address::parse("192.0.2.2:80");
    return make_proxy_header(header);
}

// What the handler of one connection got: its peer, and its first line.
struct Seen {
    Address peer;
    std::string line;
};

// Sends `text` to a server with these sources.
Seen ask(const char* at, const std::vector<Network>& sources, const std::string& text) {
    Seen seen;
    StreamServer server(at,
                        [&](TcpSocket& client, const Address& peer) {
                            seen = {peer, BufferedReader(client).read_line(20s).value_or("(nothing)")};
                        },
                        {.proxy_protocol = ProxyProtocol::required, .proxy_sources = sources});
    server.start();
    TcpSocket client = connect(server.address(), 20s);
    client.send_all(text);
    client.shutdown(Shutdown::write);
    try {
        char c = 0;
        EXPECT_EQ(client.recv({&c, 1}, 20s), 0u);
    } catch (const std::system_error&) {  // reset, since the server had not read everything
    }
    server.stop(20s);
    return seen;
}

TENDRIL_TEST(ServerProxySources, OneOfThemIsBelieved) {
    const Seen seen = ask("127.0.0.1:0", {"::1", "127.0.0.0/8"}, header() + "hello\n");
    EXPECT_EQ(seen.peer, claimed);
    EXPECT_EQ(seen.line, "hello");
}

TENDRIL_TEST(ServerProxySources, OneOfThemMustSayWhoTheClientIs) {
    const Seen seen = ask("127.0.0.1:0", {"127.0.0.0/8"}, "GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(seen.line, "");
    const auto errors = testing::take_unhandled();
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_NE(errors[0].find("PROXY protocol"), std::string::npos) << errors[0];
}

TENDRIL_TEST(ServerProxySources, ForOthersAHeaderIsTheirOwnText) {
    const Seen seen = ask("127.0.0.1:0", {"10.0.0.0/8"}, header() + "hello\n");
    EXPECT_EQ(seen.peer.ip(), "127.0.0.1");
    EXPECT_EQ(seen.line, "PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r");
}

TENDRIL_TEST(ServerProxySources, OthersNeedNone) {
    EXPECT_EQ(ask("127.0.0.1:0", {"10.0.0.0/8"}, "hello\n").line, "hello");
}

TENDRIL_TEST(ServerProxySources, TheUnixDomainIsOneWhenAsked) {
    EXPECT_EQ(ask("unix:@tendril-proxy-sources", {"unix:"}, header() + "hello\n").peer, claimed);
    EXPECT_EQ(ask("unix:@tendril-proxy-sources", {"0.0.0.0/0", "::/0"}, header() + "hello\n").peer.family(),
              Address::unix_path("@x").family());
}

TENDRIL_TEST(ServerProxySources, AreRefusedWithoutTheProtocol) {
    EXPECT_THROW(serve(listen("127.0.0.1:0"), [](TcpSocket&) {}, {.proxy_sources = {"127.0.0.1"}}),
                 std::invalid_argument);
}

}  // namespace
}  // namespace tendril
