// SPDX-License-Identifier: MIT
//
// Keys that client and server know before they connect.

#include <tendril/tls.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/hub.hpp>
#include <tendril/tls_machine.hpp>
#include <tendril/tls_stream.hpp>

#include "certificates.hpp"
#include "green_test.hpp"
#include "tls_setup.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::authority;
using testing::text_of;
using Pair = testing::TlsPair;
using Setup = testing::TlsSetup;

// A client that accepts only a server that knows the key.
TlsOptions with_key(std::string key, TlsVersion highest = TlsVersion::tls_1_3) {
    TlsOptions options{.verify = TlsVerify::none, .highest = highest};
    options.psk = [key = std::move(key)](std::string_view) { return TlsPsk{"client 7", key}; };
    return options;
}

TENDRIL_TEST(TlsPsk, NeedsNoCertificate) {
    for (const TlsVersion version : {TlsVersion::tls_1_2, TlsVersion::tls_1_3}) {
        std::vector<std::string> asked;
        Setup setup{.client = with_key("secret", version),
                    .server = {.server_side = true,
                               .psk_by_identity = [&](std::string_view identity) -> std::optional<std::string> {
                                   asked.emplace_back(identity);
                                   return identity == "client 7" ? std::optional<std::string>("secret") : std::nullopt;
                               },
                               .psk_hint = "which one?"},
                    .options = {}};
        Pair pair = setup.talk();
        EXPECT_EQ(text_of(pair.client_error) + ", " + text_of(pair.server_error), "no error, no error");
        EXPECT_EQ(asked, std::vector<std::string>{"client 7"});
        EXPECT_FALSE(pair.client.peer_certificate().has_value());
        setup.client = with_key("guess", version);
        pair = setup.connect_both();
        EXPECT_NE(pair.server_error, nullptr);
        std::string hint = "none";
        setup.client.psk = [&](std::string_view given) {
            hint = given;
            return TlsPsk{"a stranger", "secret"};
        };
        pair = setup.connect_both();
        EXPECT_NE(pair.client_error, nullptr);
        EXPECT_NE(pair.server_error, nullptr);
        EXPECT_EQ(hint, version == TlsVersion::tls_1_2 ? "which one?" : "");
    }
}

// Anybody can show some certificate: a client that verifies none insists on the key.
TENDRIL_TEST(TlsPsk, AServerThatIgnoresTheKeyIsRefused) {
    for (const TlsVersion version : {TlsVersion::tls_1_2, TlsVersion::tls_1_3}) {
        Setup setup;
        setup.client = with_key("secret", version);
        if (version == TlsVersion::tls_1_2) {
            EXPECT_NE(setup.connect_both().client_error, nullptr) << "it offers only ciphers with keys";
            setup.client.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
        }
        const Pair pair = setup.connect_both();
        EXPECT_NE(text_of(pair.client_error).find("did not use the pre-shared key"), std::string::npos)
            << text_of(pair.client_error);
        setup.client.verify = TlsVerify::required;
        setup.client.ca_file = authority().certificate();
        EXPECT_EQ(text_of(setup.talk().client_error), "no error") << "its certificate is verified";
    }
}

TENDRIL_TEST(TlsPsk, ACallbacksExceptionEndsTheHandshake) {
    for (const TlsVersion version : {TlsVersion::tls_1_2, TlsVersion::tls_1_3}) {
        Setup setup;
        setup.client = with_key("secret", version);
        setup.server.psk_by_identity = [](std::string_view) -> std::optional<std::string> {
            throw std::runtime_error("the table of keys is gone");
        };
        EXPECT_EQ(text_of(setup.connect_both().server_error), "the table of keys is gone");
        setup.server.psk_by_identity = [](std::string_view) -> std::optional<std::string> {
            yield();
            return "secret";
        };
        const Pair blocked = setup.connect_both();
        ASSERT_NE(blocked.server_error, nullptr);
        EXPECT_THROW(std::rethrow_exception(blocked.server_error), HubBlocked);
        setup.server.psk_by_identity = [](std::string_view) { return std::string(1000, 'x'); };
        EXPECT_NE(text_of(setup.connect_both().server_error).find("1 to "), std::string::npos);
        setup.client.psk = [](std::string_view) { return TlsPsk{std::string("a\0b", 3), "secret"}; };
        EXPECT_NE(text_of(setup.connect_both().client_error).find("no zero byte"), std::string::npos);
        setup.client.psk = [](std::string_view) -> std::optional<TlsPsk> { throw std::runtime_error("no key"); };
        EXPECT_EQ(text_of(setup.connect_both().client_error), "no key");
    }
}

// With TLS 1.3 OpenSSL goes on without the key: a silent server must not hide the exception.
TENDRIL_TEST(TlsPsk, ACallbacksExceptionWaitsForNoPeer) {
    TlsOptions options{.verify = TlsVerify::none};
    options.psk = [](std::string_view) -> std::optional<TlsPsk> { throw std::runtime_error("no key"); };
    const TlsContext context(options);
    const auto text = [&](auto handshake) {
        try {
            handshake();
        } catch (const std::exception& e) {
            return std::string(e.what());
        }
        return std::string("none");
    };
    auto [a, silent] = TcpSocket::pair();
    auto [b, silent_too] = TcpSocket::pair();
    TlsMachine machine(context);
    TlsSocket socket = wrap_ssl(std::move(a), context, {.handshake_on_connect = false});
    TlsStream stream = wrap_ssl(std::make_shared<TcpSocket>(std::move(b)), context, {.handshake_on_connect = false});
    EXPECT_EQ(text([&] { machine.handshake(); }), "no key");
    EXPECT_EQ(text([&] { socket.handshake(20s); }), "no key");
    EXPECT_EQ(text([&] { stream.handshake(20s); }), "no key");
    EXPECT_NE(text([&] { machine.handshake(); }).find("after an error"), std::string::npos);
    EXPECT_NE(text([&] { socket.handshake(20s); }).find("after an error"), std::string::npos);
    EXPECT_NE(text([&] { stream.handshake(20s); }).find("after an error"), std::string::npos);
}

TENDRIL_TEST(TlsPsk, ANameHasItsOwn) {
    const TlsContext keyed({.server_side = true,
                            .psk_by_identity = [](std::string_view) { return std::optional<std::string>("secret"); }});
    Setup setup;
    setup.server.by_name = [&](std::string_view) { return &keyed; };
    setup.client = with_key("secret");
    EXPECT_EQ(text_of(setup.talk().client_error), "no error");
}

}  // namespace
}  // namespace tendril
