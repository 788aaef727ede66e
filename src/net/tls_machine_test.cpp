// SPDX-License-Identifier: MIT

#include <tendril/tls_machine.hpp>

#include <openssl/ssl.h>

#include <string>

#include <gtest/gtest.h>

#include "certificates.hpp"
#include "errno_of.hpp"
#include "green_test.hpp"

namespace tendril {
namespace {

using testing::authority;
using testing::server_identity;

TlsOptions server_options() {
    return {.server_side = true, .certificate = server_identity().certificate, .key = server_identity().key};
}

// Carries what one has for the other, `at_most` bytes at once. Returns: whether there was any.
bool carry(TlsMachine& from, TlsMachine& to, std::size_t at_most = 100'000) {
    const Bytes out = from.outgoing();
    const std::size_t n = to.feed({out.data(), std::min(out.size(), at_most)});
    from.sent(n);
    return n > 0;
}

struct Machines {
    TlsMachine client{TlsOptions{.ca_file = authority().certificate()}, {.server_name = "localhost"}};
    TlsMachine server{server_options()};

    void shake(std::size_t at_most = 100'000) {
        for (bool done = false; !done;) {
            done = client.handshake();
            done = server.handshake() && done;
            const bool up = carry(client, server, at_most);
            ASSERT_TRUE(carry(server, client, at_most) || up || done);
        }
    }
};

TENDRIL_TEST(TlsMachine, CarriesBytesWithoutIo) {
    for (const std::size_t at_most : {1, 7, 100'000}) {
        Machines m;
        m.shake(at_most);
        EXPECT_EQ(m.client.version(), "TLSv1.3");
        EXPECT_EQ(m.server.server_name(), "localhost");
        EXPECT_EQ(m.client.send("hello"), 5u);
        EXPECT_TRUE(m.client.shutdown());
        std::string got;
        char buffer[3];
        while (carry(m.client, m.server, at_most)) {
            while (const std::optional<std::size_t> n = m.server.recv(buffer)) {
                if (*n == 0) {
                    break;
                }
                got.append(buffer, *n);
            }
        }
        EXPECT_EQ(got, "hello");
        EXPECT_EQ(m.server.recv(buffer), 0u) << "the end";
        EXPECT_EQ(testing::errno_of([&] { m.client.send("x"); }), EPIPE);
    }
}

TENDRIL_TEST(TlsMachine, HoldsNoMoreThanItSays) {
    Machines m;
    m.shake();
    const std::string text(1'000'000, 'x');
    std::size_t sent = 0;
    while (const std::optional<std::size_t> n = m.client.send(Bytes(text).after(sent))) {
        sent += *n;
    }
    EXPECT_LT(sent, 128u * 1024);
    EXPECT_LE(m.client.outgoing().size(), 128u * 1024);
    EXPECT_LE(m.server.feed(m.client.outgoing()), 18u * 1024);
    EXPECT_EQ(m.server.feed(m.client.outgoing()), 0u);
    std::string got;
    std::string buffer(50'000, '\0');
    Machines other;
    other.shake();
    for (sent = 0; got.size() < text.size();) {
        sent += other.client.send(Bytes(text).after(sent)).value_or(0);
        carry(other.client, other.server);
        while (const std::optional<std::size_t> n = other.server.recv(buffer)) {
            got.append(buffer, 0, *n);
        }
    }
    EXPECT_TRUE(got == text);
}

TENDRIL_TEST(TlsMachine, PlainBytesAfterTheEndAreLeftOver) {
    Machines m;
    m.shake();
    char c = 0;
    EXPECT_TRUE(m.server.shutdown());
    while (carry(m.server, m.client)) {
    }
    m.client.feed("220 plain again");
    EXPECT_EQ(m.client.recv({&c, 1}), 0u);
    EXPECT_EQ(m.client.leftover(), "220 plain again");
    EXPECT_EQ(m.client.leftover(), "");
}

TENDRIL_TEST(TlsMachine, ErrorsAreItsEnd) {
    Machines m;
    m.client.handshake();
    m.client.feed("HTTP/1.1 400 Bad Request\r\n");
    EXPECT_THROW(m.client.handshake(), TlsError);
    EXPECT_THROW(m.client.handshake(), TlsError);
    EXPECT_GT(m.client.outgoing().size(), 0u) << "the alert";
    m.server.feed_end();
    EXPECT_THROW(m.server.handshake(), TlsError);
    Machines cut;
    cut.shake();
    char c = 0;
    while (carry(cut.server, cut.client)) {
    }
    EXPECT_EQ(cut.client.recv({&c, 1}), std::nullopt);
    cut.client.feed_end();
    EXPECT_THROW(cut.client.recv({&c, 1}), TlsError) << "no close_notify";
    EXPECT_THROW(TlsMachine(TlsOptions{.ca_file = authority().certificate()}), std::invalid_argument);
    TlsMachine refusing(TlsOptions{.ca_file = authority().certificate()}, {.server_name = "elsewhere.test"});
    TlsMachine server(server_options());
    EXPECT_THROW(
        for (;;) {
            refusing.handshake();
            server.handshake();
            carry(refusing, server);
            carry(server, refusing);
        },
        TlsError);
}

TENDRIL_TEST(TlsMachine, OneThatWasMovedFromIsClosed) {
    TlsMachine old(server_options());
    TlsMachine now = std::move(old);
    EXPECT_FALSE(now.handshake());
    // NOLINTBEGIN(bugprone-use-after-move,clang-analyzer-cplusplus.Move): that is the misuse
    EXPECT_EQ(old.feed("x"), 0u);
    old.feed_end();
    EXPECT_TRUE(old.outgoing().empty());
    old.sent(0);
    EXPECT_EQ(old.pending(), 0u);
    char c = 0;
    EXPECT_EQ(testing::errno_of([&] { old.handshake(); }), EBADF);
    EXPECT_EQ(testing::errno_of([&] { static_cast<void>(old.recv({&c, 1})); }), EBADF);
    EXPECT_EQ(testing::errno_of([&] { static_cast<void>(old.send("x")); }), EBADF);
    EXPECT_EQ(testing::errno_of([&] { old.shutdown(); }), EBADF);
    EXPECT_EQ(testing::errno_of([&] { old.leftover(); }), EBADF);
    EXPECT_EQ(testing::errno_of([&] { old.version(); }), EBADF);
    // NOLINTEND(bugprone-use-after-move,clang-analyzer-cplusplus.Move)
}

}  // namespace
}  // namespace tendril
