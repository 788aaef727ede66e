// SPDX-License-Identifier: MIT
//
// Many TLS connections at once, both ends in one hub; some clients leave in the midst. bench/handshakes does the same
// with more.

#include <string>
#include <string_view>

#include <tendril/event.hpp>
#include <tendril/group.hpp>
#include <tendril/hub.hpp>
#include <tendril/stream_server.hpp>
#include <tendril/tls.hpp>

#include "certificates.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

constexpr auto deadline = 120s;

struct Crowd {
    Address server;
    TlsContext context{{.ca_file = testing::authority().certificate()}};
    std::size_t missing;  // who has not got his echo
    Event all_there;

    // Every fourth goes without a word, in the handshake or after it.
    void visit(std::size_t number) {
        TlsSocket socket =
            wrap_ssl(connect(server, deadline), context, {.server_name = "localhost", .handshake_on_connect = false});
        const bool leaves = number % 4 == 0;
        if (leaves && number % 8 == 0) {
            try {
                socket.handshake(0s);
            } catch (const TimeoutError&) {  // unless the server, in the same hub, had its turns meanwhile
            }
        } else {
            const std::string message(number % 5000 + 1, static_cast<char>('a' + number % 26));
            socket.send_all(message, deadline);
            std::string answer(message.size(), '\0');
            answer.resize(leaves ? 0 : socket.recv_exactly(answer, deadline));
            EXPECT_TRUE(leaves || answer == message) << number;
        }
        if (--missing == 0) {
            all_there.set();
        }
        EXPECT_TRUE(leaves || all_there.wait(deadline)) << number;
    }
};

TENDRIL_TEST(TlsStress, ManyConnectionsAtOnce) {
    const std::string_view backend = Hub::current().backend();
    const std::size_t count = backend == "epoll" || backend == "io_uring" ? 1000 : 200;  // select: FD_SETSIZE
    const TlsContext context({.server_side = true,
                              .certificate = testing::server_identity().certificate,
                              .key = testing::server_identity().key});
    StreamServer server(wrap_ssl(listen("127.0.0.1:0"), context),
                        [](TlsSocket& client) {
                            char buffer[16384];
                            while (const std::size_t n = client.recv(buffer, deadline)) {
                                client.send_all({buffer, n}, deadline);
                            }
                        },
                        {.concurrency = count, .handshake_timeout = deadline});
    server.start();
    Crowd crowd{.server = server.address(), .missing = count, .all_there = {}};
    {
        Group visitors;
        for (std::size_t i = 0; i < count; ++i) {
            visitors.spawn([&crowd, i] { crowd.visit(i); });
        }
        EXPECT_TRUE(visitors.join(deadline));
        EXPECT_EQ(visitors.size(), 0u);
    }
    server.stop(deadline);
    testing::take_unhandled();  // what those who left did to their handlers
}

}  // namespace
}  // namespace tendril
