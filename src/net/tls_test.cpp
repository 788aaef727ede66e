// SPDX-License-Identifier: MIT

#include <tendril/tls.hpp>

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/timeout.hpp>

#include "base/sys.hpp"
#include "certificates.hpp"
#include "errno_of.hpp"
#include "faults.hpp"
#include "green_test.hpp"
#include "raw_tls.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::authority;
using testing::errno_of;
using testing::server_identity;

TlsOptions server_options() {
    return {.server_side = true, .certificate = server_identity().certificate, .key = server_identity().key};
}

TlsOptions client_options() {
    return {.ca_file = authority().certificate()};
}

struct Pair {
    TlsSocket client, server;
};

// The options of a client and a server; connect_both() makes the handshake between them.
struct Setup {
    TlsOptions client = client_options();
    TlsOptions server = server_options();
    WrapOptions options = {.server_name = "localhost"};

    static std::pair<TcpSocket, TcpSocket> plain() {
        Listener listener = listen("127.0.0.1:0");
        TcpSocket one = connect(listener.address());
        return {std::move(one), listener.accept()};
    }
    // The arguments get the exceptions of the two handshakes.
    Pair connect_both(std::exception_ptr* client_error = nullptr, std::exception_ptr* server_error = nullptr) const {
        auto [a, b] = plain();
        Pair pair;
        auto serving = spawn([&, socket = std::move(b)]() mutable {
            try {
                pair.server = wrap_ssl(std::move(socket), server, {}, 10s);
            } catch (const std::exception&) {
                (server_error != nullptr ? *server_error : unexpected) = std::current_exception();
            }
        });
        try {
            pair.client = wrap_ssl(std::move(a), client, options, 10s);
        } catch (const std::exception&) {
            (client_error != nullptr ? *client_error : unexpected) = std::current_exception();
        }
        serving.join();
        if (unexpected != nullptr) {
            std::rethrow_exception(unexpected);
        }
        return pair;
    }
    mutable std::exception_ptr unexpected = nullptr;
};

std::error_code code_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::system_error& e) {
        return e.code();
    }
}

std::string text_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        return e.what();
    }
}

std::string received(Stream& from, std::size_t size) {
    std::string text(size, '\0');
    text.resize(from.recv_exactly(text, 20s));
    return text;
}

void send_and_expect(TlsSocket& from, TlsSocket& to, const std::string& text) {
    from.send_all(text, 10s);
    EXPECT_EQ(received(to, text.size()), text);
}

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t x = 1;
    for (char& c : text) {
        x = x * 1664525 + 1013904223;
        c = static_cast<char>(x >> 24);
    }
    return text;
}

TENDRIL_TEST(Tls, CarriesBytesBothWaysInEachVersion) {
    for (const TlsVersion version : {TlsVersion::tls_1_2, TlsVersion::tls_1_3}) {
        Setup setup;
        setup.client.highest = setup.client.lowest = version;
        Pair pair = setup.connect_both();
        EXPECT_EQ(pair.client.version(), version == TlsVersion::tls_1_2 ? "TLSv1.2" : "TLSv1.3");
        EXPECT_EQ(pair.client.cipher(), pair.server.cipher());
        EXPECT_EQ(pair.server.server_name(), "localhost");
        EXPECT_EQ(pair.client.peer_certificate()->names, (std::vector<std::string>{"localhost", "127.0.0.1"}));
        EXPECT_EQ(pair.client.peer_certificate()->subject, "CN = a server");
        EXPECT_FALSE(pair.server.peer_certificate().has_value());
        EXPECT_EQ(pair.client.exported("EXPORTER-test", 32), pair.server.exported("EXPORTER-test", 32));
        send_and_expect(pair.client, pair.server, "to the server");
        send_and_expect(pair.server, pair.client, "to the client");
        const std::vector<Bytes> parts{"one ", "two ", "", "three"};
        pair.client.send_parts(parts);
        EXPECT_EQ(received(pair.server, 13), "one two three");
    }
}

TENDRIL_TEST(Tls, EachRefusalOfACertificateSaysWhy) {
    const testing::Authority stranger("a stranger");
    struct Case {
        testing::Identity identity;
        const char* name;
        int expected;
    };
    const Case cases[] = {
        {stranger.issue("x"), "localhost", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
        {authority().issue("x", {.names = {"DNS:elsewhere.test"}}), "localhost", X509_V_ERR_HOSTNAME_MISMATCH},
        {authority().issue("localhost", {.names = {"DNS:elsewhere.test"}}), "localhost", X509_V_ERR_HOSTNAME_MISMATCH},
        {authority().issue("localhost", {.names = {}}), "localhost", X509_V_ERR_HOSTNAME_MISMATCH},
        {authority().issue("x", {.names = {"DNS:w*.example.test"}}), "www.example.test", X509_V_ERR_HOSTNAME_MISMATCH},
        {authority().issue("x", {.names = {"IP:127.0.0.2"}}), "127.0.0.1", X509_V_ERR_IP_ADDRESS_MISMATCH},
        {authority().issue("x", {.from_days = -10, .to_days = -2}), "localhost", X509_V_ERR_CERT_HAS_EXPIRED},
        {authority().issue("x", {.from_days = 2}), "localhost", X509_V_ERR_CERT_NOT_YET_VALID},
    };
    for (const Case& each : cases) {
        Setup setup;
        setup.server.certificate = each.identity.certificate;
        setup.server.key = each.identity.key;
        setup.options.server_name = each.name;
        std::exception_ptr client;
        std::exception_ptr server;
        setup.connect_both(&client, &server);
        ASSERT_NE(client, nullptr) << each.expected;
        EXPECT_EQ(code_of(client), std::error_code(each.expected, tls_verify_category())) << text_of(client);
        EXPECT_NE(text_of(client).find("certificate was refused"), std::string::npos) << text_of(client);
    }
    Setup by_ip;
    by_ip.options.server_name = "127.0.0.1";
    Pair good = by_ip.connect_both();
    send_and_expect(good.client, good.server, "x");
    Setup trusting{.client = {.verify = TlsVerify::none}, .options = {}};
    Pair unverified = trusting.connect_both();
    send_and_expect(unverified.client, unverified.server, "x");
}

TENDRIL_TEST(Tls, AVerifyingClientMustSayWhomItMeans) {
    auto [a, b] = Setup::plain();
    EXPECT_THROW(wrap_ssl(std::move(a), client_options()), std::invalid_argument);
    EXPECT_THROW(wrap_ssl(listen("127.0.0.1:0"), client_options()), std::invalid_argument);
    EXPECT_THROW(wrap_ssl(std::move(b), client_options(), {.server_name = std::string("a.test\0.b.test", 14)}),
                 std::invalid_argument);
    EXPECT_THROW(TlsContext(TlsOptions{.server_side = true}), std::invalid_argument);
}

TENDRIL_TEST(Tls, TheNameIsNormal) {
    for (const char* name : {"localhost.", "LocalHost", "LOCALHOST."}) {
        Setup setup{.options = {.server_name = name}};
        Pair pair = setup.connect_both();
        EXPECT_EQ(pair.server.server_name(), "localhost") << name;
        EXPECT_EQ(pair.client.server_name(), "localhost") << name;
    }
    auto [a, b] = Setup::plain();
    EXPECT_THROW(wrap_ssl(std::move(a), client_options(), {.server_name = ".localhost"}), std::invalid_argument);
    EXPECT_THROW(wrap_ssl(std::move(b), client_options(), {.server_name = "a..test"}), std::invalid_argument);
    EXPECT_THROW(wrap_ssl(listen("127.0.0.1:0"), server_options(), {.server_name = "localhost"}),
                 std::invalid_argument);
}

std::string refusal_of(const TlsOptions& options) {
    try {
        const TlsContext made(options);
        return "accepted";
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
}

TEST(TlsOptions, AreRefusedWhereTheyAreNotSafeOrWithoutEffect) {
    const auto server = [](auto change) {
        TlsOptions options = server_options();
        change(options);
        return options;
    };
    const std::string ca = authority().certificate();
    const std::pair<TlsOptions, const char*> cases[] = {
        {server([](TlsOptions& o) { o.verify = TlsVerify::required; }), "give .ca_file or .ca_path"},
        {server([](TlsOptions& o) { o.verify = TlsVerify::optional; }), "give .ca_file or .ca_path"},
        {server([&](TlsOptions& o) { o.ca_file = ca; }), "no effect without .verify"},
        {server([](TlsOptions& o) { o.ask_ocsp = true; }), ".ask_ocsp is a client's"},
        {{.key = server_identity().key}, ".key without"},
        {{.key_password = "x"}, ".key_password without"},
        {{.lowest = TlsVersion::tls_1_3, .ciphers = "HIGH"}, ".ciphers are of TLS 1.2"},
        {{.highest = TlsVersion::tls_1_2, .cipher_suites = "TLS_AES_128_GCM_SHA256"}, ".cipher_suites are of TLS 1.3"},
        {{.by_name = [](std::string_view) -> const TlsContext* { return nullptr; }}, ".by_name is a server's"},
        {{.ocsp_response = "x"}, ".ocsp_response is a server's"},
        {{.ciphers = "ALL:aNULL:@SECLEVEL=0"}, "does not authenticate"},
        {{.ciphers = "NULL-SHA256:@SECLEVEL=0"}, "does not encrypt"},
        {{.ca_file = std::string("/x\0y", 4)}, "a CA file contains a zero byte"},
        {{.key_log_file = std::string("/x\0y", 4)}, "a key log file contains a zero byte"},
    };
    for (const auto& [options, why] : cases) {
        EXPECT_NE(refusal_of(options).find(why), std::string::npos) << why << ": " << refusal_of(options);
    }
    EXPECT_THROW(TlsContext(TlsOptions{.ca_path = "/no/such/folder"}), std::system_error);
    EXPECT_EQ(refusal_of({.ca_path = "/etc/ssl/certs"}), "accepted");
}

TENDRIL_TEST(Tls, AProtocolIsOfferedWhereTheContextNamesNone) {
    Setup setup{.options = {.server_name = "localhost", .alpn = {"http/1.1"}}};
    setup.server.alpn = {"h2", "http/1.1"};
    EXPECT_EQ(setup.connect_both().server.alpn(), "http/1.1");
    setup.client.alpn = {"h2"};
    EXPECT_EQ(setup.connect_both().server.alpn(), "h2") << "the context's names take precedence";
    setup.client.alpn = {};
    setup.server.alpn = {};
    EXPECT_EQ(setup.connect_both().client.alpn(), "") << "the server names none: the client is served anyway";
    TlsListener listener = wrap_ssl(listen("127.0.0.1:0"), setup.server);
    listener.offer_alpn({"http/1.1"});
    auto [one, two] = Setup::plain();
    TlsSocket served = listener.wrap(std::move(two));
    auto handshaking = spawn([&] { served.handshake(10s); });
    TlsSocket client = wrap_ssl(std::move(one), setup.client, setup.options, 10s);
    handshaking.get();
    EXPECT_EQ(client.alpn(), "http/1.1");
}

TENDRIL_TEST(Tls, ClientsShowCertificates) {
    const testing::Identity client = authority().issue("client 7", {.names = {}});
    Setup setup;
    setup.server.verify = TlsVerify::required;
    setup.server.ca_file = authority().certificate();
    setup.client.certificate = client.certificate;
    setup.client.key = client.key;
    Pair pair = setup.connect_both();
    EXPECT_EQ(pair.server.peer_certificate()->subject, "CN = client 7");
    setup.client.certificate.clear();
    setup.client.key.clear();
    std::exception_ptr server;
    Pair without = setup.connect_both(nullptr, &server);
    ASSERT_NE(server, nullptr);
    EXPECT_EQ(code_of(server).value(), SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) << text_of(server);
    EXPECT_THROW(received(without.client, 1), std::system_error);
    setup.server.verify = TlsVerify::optional;
    Pair optional = setup.connect_both();
    EXPECT_FALSE(optional.server.peer_certificate().has_value());
}

TENDRIL_TEST(Tls, AgreesOnAProtocol) {
    Setup setup;
    setup.server.alpn = {"h2", "http/1.1"};
    setup.client.alpn = {"http/1.1", "h2"};
    Pair pair = setup.connect_both();
    EXPECT_EQ(pair.client.alpn(), "h2") << "the server's choice";
    EXPECT_EQ(pair.server.alpn(), "h2");
    setup.client.alpn = {"gopher"};
    std::exception_ptr client;
    std::exception_ptr server;
    setup.connect_both(&client, &server);
    EXPECT_NE(client, nullptr);
    EXPECT_NE(server, nullptr);
    setup.client.alpn = {};
    EXPECT_EQ(setup.connect_both().server.alpn(), "");
}

TENDRIL_TEST(Tls, AServerHasACertificateForEachName) {
    const testing::Identity other = authority().issue("other", {.names = {"DNS:other.test"}});
    const TlsContext for_other({.server_side = true, .certificate = other.certificate, .key = other.key});
    Setup setup;
    setup.server.by_name = [&](std::string_view name) {
        if (name == "bad.test") {
            throw std::runtime_error("no such name");
        }
        return name == "other.test" ? &for_other : nullptr;
    };
    setup.options.server_name = "other.test";
    EXPECT_EQ(setup.connect_both().client.peer_certificate()->subject, "CN = other");
    setup.options.server_name = "localhost";
    EXPECT_EQ(setup.connect_both().client.peer_certificate()->subject, "CN = a server");
    setup.options.server_name = "bad.test";
    std::exception_ptr client;
    std::exception_ptr server;
    setup.connect_both(&client, &server);
    EXPECT_EQ(text_of(server), "no such name");
    EXPECT_NE(client, nullptr);
    setup.server.by_name = [](std::string_view) -> const TlsContext* {
        yield();
        return nullptr;
    };
    setup.options.server_name = "localhost";
    setup.connect_both(&client, &server);
    EXPECT_THROW(std::rethrow_exception(server), HubBlocked) << "a callback from OpenSSL cannot wait";
}

TENDRIL_TEST(Tls, SessionsAreResumed) {
    for (const TlsVersion version : {TlsVersion::tls_1_2, TlsVersion::tls_1_3}) {
        for (const bool allowed : {true, false}) {
            Setup setup;
            setup.client.highest = version;
            setup.server.resumption = allowed;
            const TlsContext server(setup.server);  // one for both connections: it has the key of the tickets
            TlsSession session;
            for (const bool again : {false, true}) {
                auto [a, b] = Setup::plain();
                auto serving = spawn([&, socket = std::move(b)]() mutable {
                    TlsSocket s = wrap_ssl(std::move(socket), server, {}, 10s);
                    EXPECT_EQ(s.resumed(), again && allowed);
                    s.send_all("x");
                    char c = 0;
                    EXPECT_EQ(s.recv({&c, 1}, 10s), 0u);
                });
                TlsSocket client =
                    wrap_ssl(std::move(a), setup.client, {.server_name = "localhost", .session = session}, 10s);
                EXPECT_EQ(received(client, 1), "x");
                EXPECT_EQ(client.resumed(), again && allowed);
                session = client.session();
                EXPECT_EQ(static_cast<bool>(session), allowed);
                client.close();
                serving.get();
            }
        }
    }
}

TENDRIL_TEST(Tls, StaplesAnOcspResponse) {
    Setup setup;
    setup.server.ocsp_response = "not a real one, but handed over as it is";
    setup.client.ask_ocsp = true;
    EXPECT_EQ(setup.connect_both().client.ocsp_response(), setup.server.ocsp_response);
    setup.client.ask_ocsp = false;
    EXPECT_EQ(setup.connect_both().client.ocsp_response(), "");
}

TENDRIL_TEST(Tls, KeysAndCertificatesComeFromFilesToo) {
    const testing::Identity& identity = server_identity();
    const testing::TemporaryFile certificate(identity.certificate);
    const testing::TemporaryFile key(testing::encrypted_key(identity, "secret"));
    const testing::TemporaryFile log;
    Setup setup;
    setup.server.certificate = certificate.path();
    setup.server.key = key.path();
    setup.server.key_password = "secret";
    setup.server.key_log_file = log.path();
    Pair pair = setup.connect_both();
    send_and_expect(pair.client, pair.server, "x");
    EXPECT_NE(log.content().find("SERVER_TRAFFIC_SECRET_0 "), std::string::npos) << log.content();
    setup.server.key_password = "wrong";
    EXPECT_THROW(TlsContext{setup.server}, TlsError);
    setup.server.key = authority().issue("x").key;
    EXPECT_THROW(TlsContext{setup.server}, TlsError) << "the key of another certificate";
    setup.server.certificate = "/nonexistent/c.pem";
    EXPECT_EQ(errno_of([&] { TlsContext{setup.server}; }), ENOENT);
    EXPECT_THROW(TlsContext(TlsOptions{.ciphers = "no such"}), std::invalid_argument);
    EXPECT_THROW(TlsContext(TlsOptions{.ca_file = key.path()}), TlsError) << "the file has no certificate";
}

TENDRIL_TEST(Tls, AStreamThatIsCutOffIsAnError) {
    Pair pair = Setup().connect_both();
    ASSERT_EQ(::shutdown(pair.server.fd(), SHUT_WR), 0);  // without TLS's knowledge
    char c = 0;
    try {
        pair.client.recv({&c, 1}, 10s);
        ADD_FAILURE() << "a cut-off stream was taken for its end";
    } catch (const TlsError& e) {
        EXPECT_EQ(e.code().value(), SSL_R_UNEXPECTED_EOF_WHILE_READING) << e.what();
    }
    Setup tolerant;
    tolerant.options.suppress_ragged_eofs = true;
    Pair other = tolerant.connect_both();
    ASSERT_EQ(::shutdown(other.server.fd(), SHUT_WR), 0);
    EXPECT_EQ(other.client.recv({&c, 1}, 10s), 0u);
    send_and_expect(other.client, other.server, "our side goes on");
}

TENDRIL_TEST(Tls, EachSideEndsItsOwnStream) {
    Pair pair = Setup().connect_both();
    pair.client.send_all("request");
    pair.client.shutdown(Shutdown::write);
    EXPECT_EQ(received(pair.server, 100), "request");
    send_and_expect(pair.server, pair.client, "answer");
    EXPECT_EQ(errno_of([&] { pair.client.send_all("more"); }), EPIPE);
    pair.server.close();
    char c = 0;
    EXPECT_EQ(pair.client.recv({&c, 1}, 10s), 0u) << "close() sent close_notify";
    pair.client.close();
    EXPECT_EQ(errno_of([&] { pair.client.recv({&c, 1}); }), EBADF);
}

TENDRIL_TEST(Tls, ShutdownOfReadingWakesTheReader) {
    Pair pair = Setup().connect_both();
    auto reader = spawn([&] {
        char c = 0;
        return pair.client.recv({&c, 1}, 10s);
    });
    testing::until_waiting_for_io(1);
    pair.client.shutdown(Shutdown::read);
    EXPECT_EQ(reader.get(), 0u);
    send_and_expect(pair.client, pair.server, "still sends");
}

TENDRIL_TEST(Tls, MegabytesBothWaysAtOnce) {
    Pair pair = Setup().connect_both();
    const std::string text = pattern(3'000'000);
    const auto transfer = [&](TlsSocket& end) {
        auto sender = spawn([&] { end.send_all(text, 60s); });
        EXPECT_EQ(received(end, text.size()), text);
        sender.get();
    };
    auto other = spawn([&] { transfer(pair.server); });
    transfer(pair.client);
    other.get();
}

// The next call that sends finishes a record that was begun: the peer gets every byte once.
TENDRIL_TEST(Tls, ABrokenOffSendCorruptsNothing) {
    Pair pair = Setup().connect_both();
    const std::string text = pattern(8'000'000);
    std::size_t sent = 0;
    for (int i = 0; i < 3; ++i) {
        try {
            pair.client.send_all({text.data() + sent, text.size() - sent}, 30ms);
        } catch (const TimeoutError& e) {
            sent += e.done();
        }
    }
    ASSERT_LT(sent, text.size()) << "the peer does not read";
    auto sender = spawn([&] {
        pair.client.send_all({text.data() + sent, text.size() - sent}, 60s);
        pair.client.shutdown(Shutdown::write);
    });
    const std::string got = received(pair.server, text.size() + 1);
    EXPECT_EQ(got.size(), text.size());
    EXPECT_TRUE(got == text);
    sender.get();
}

TENDRIL_TEST(Tls, ASecondReaderIsRefusedAndTheFirstUnharmed) {
    Pair pair = Setup().connect_both();
    auto reader = spawn([&] { return received(pair.client, 1); });
    testing::until_waiting_for_io(1);
    char c = 0;
    EXPECT_THROW(pair.client.recv({&c, 1}), ConcurrentUse);
    pair.server.send_all("x");
    EXPECT_EQ(reader.get(), "x");
}

TENDRIL_TEST(Tls, CloseWakesWhoReads) {
    Pair pair = Setup().connect_both();
    auto reader = spawn([&] { return errno_of([&] { received(pair.client, 1); }); });
    testing::until_waiting_for_io(1);
    pair.client.close();
    EXPECT_EQ(reader.get(), EBADF);
}

TENDRIL_TEST(Tls, AHandshakeHasADeadline) {
    auto [a, b] = Setup::plain();
    EXPECT_THROW(wrap_ssl(std::move(a), client_options(), {.server_name = "localhost"}, 5ms), TimeoutError);
    auto killed = spawn([&, socket = std::move(b)]() mutable { wrap_ssl(std::move(socket), server_options()); });
    yield();
    killed.kill();
    EXPECT_TRUE(killed.killed() || killed.ready());
}

TENDRIL_TEST(Tls, TheFirstCallMakesTheHandshakeOnceForBothDirections) {
    auto [a, b] = Setup::plain();
    const WrapOptions lazy{.server_name = "localhost", .handshake_on_connect = false};
    TlsSocket client = wrap_ssl(std::move(a), client_options(), lazy);
    TlsSocket server = wrap_ssl(std::move(b), server_options(), lazy);
    auto reader = spawn([&] { return received(client, 2); });
    auto writer = spawn([&] { client.send_all("to", 10s); });
    auto server_reader = spawn([&] { return received(server, 2); });
    server.send_all("fr", 10s);
    EXPECT_EQ(reader.get() + server_reader.get(), "frto");
    writer.get();
}

// CVE-2023-40217: bytes sent before the handshake never count as data of the connection.
TENDRIL_TEST(Tls, PlaintextBeforeTheHandshakeIsNotRead) {
    auto [a, b] = Setup::plain();
    a.send_all("POST /transfer HTTP/1.1\r\n\r\n");
    TlsSocket server = wrap_ssl(std::move(b), server_options(), {.handshake_on_connect = false});
    a.close();
    std::string buffer(100, '\0');
    for (int i = 0; i < 2; ++i) {
        EXPECT_THROW(server.recv(buffer, 10s), TlsError);
    }
    EXPECT_EQ(server.pending(), 0u);
}

// A raw client and our server, after the handshake.
struct RawPair {
    std::unique_ptr<testing::RawTlsClient> client;
    TlsSocket server;
};

RawPair connect_raw(const TlsContext& context, const testing::RawTlsClient::Options& options = {}) {
    auto [a, b] = Setup::plain();
    RawPair pair;
    pair.client = std::make_unique<testing::RawTlsClient>(std::move(a), options);
    auto client = spawn([&] { pair.client->handshake(); });
    pair.server = wrap_ssl(std::move(b), context, {}, 10s);
    client.get();
    return pair;
}

TENDRIL_TEST(Tls, AServerIsAskedForNormalNames) {
    std::vector<std::string> asked;
    TlsOptions options = server_options();
    options.by_name = [&](std::string_view name) -> const TlsContext* {
        asked.emplace_back(name);
        return nullptr;
    };
    const TlsContext server(options);
    for (const char* name : {"LocalHost.", "local host", "localhost"}) {
        const RawPair pair = connect_raw(server, {.server_name = name});
        EXPECT_EQ(pair.server.server_name(), std::string_view(name) == "local host" ? "" : "localhost");
    }
    EXPECT_EQ(asked, (std::vector<std::string>{"localhost", "localhost"}));
}

// A ticket for one name is worth nothing for another name, whose context may demand more.
TENDRIL_TEST(Tls, ASessionOfOneNameIsNotResumedUnderAnother) {
    const testing::Identity identity = authority().issue("inner", {.names = {"DNS:inner.test"}});
    const TlsContext inner({.server_side = true,
                            .certificate = identity.certificate,
                            .key = identity.key,
                            .verify = TlsVerify::required,
                            .ca_file = authority().certificate()});
    TlsOptions options = server_options();
    options.by_name = [&](std::string_view name) { return name == "inner.test" ? &inner : nullptr; };
    const TlsContext server(options);
    for (const bool tls_1_2 : {false, true}) {
        std::string ticket;
        {
            RawPair open = connect_raw(server, {.server_name = "localhost", .tls_1_2 = tls_1_2});
            open.server.send_all("x");
            ASSERT_EQ(open.client->recv(), "x");
            ticket = open.client->session();
        }
        {
            RawPair again = connect_raw(server, {.server_name = "localhost", .tls_1_2 = tls_1_2, .session = ticket});
            EXPECT_TRUE(again.client->resumed() && again.server.resumed());
            EXPECT_EQ(again.server.server_name(), "localhost");
        }
        auto [a, b] = Setup::plain();
        testing::RawTlsClient client(std::move(a),
                                     {.server_name = "inner.test", .tls_1_2 = tls_1_2, .session = ticket});
        auto trying = spawn([&] {
            try {
                client.handshake();
            } catch (const std::runtime_error&) {  // with TLS 1.2 the client learns of it this early
            }
        });
        try {
            wrap_ssl(std::move(b), server, {}, 10s);
            ADD_FAILURE() << "the client was let in without a certificate";
        } catch (const TlsError& e) {
            EXPECT_EQ(e.code().value(), SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) << e.what();
        }
        trying.get();
    }
}

// A resumed session is not verified again, so a client offers it only to the name it was verified for, and only if it
// was verified by the same rules.
TENDRIL_TEST(Tls, AClientResumesOnlyWhatItWouldVerifyAlike) {
    const TlsContext server(server_options());
    TlsOptions blind = client_options();
    blind.verify = TlsVerify::none;
    const auto connect_to = [&](const TlsOptions& client, const std::string& name, const TlsSession& session) {
        auto [a, b] = Setup::plain();
        Pair pair;
        auto serving = spawn([&, socket = std::move(b)]() mutable {
            pair.server = wrap_ssl(std::move(socket), server, {}, 10s);
            pair.server.send_all("x");
        });
        pair.client = wrap_ssl(std::move(a), client, {.server_name = name, .session = session}, 10s);
        EXPECT_EQ(received(pair.client, 1), "x");
        serving.get();
        return pair;
    };
    const TlsSession good = connect_to(client_options(), "localhost", {}).client.session();
    const TlsSession unverified = connect_to(blind, "localhost", {}).client.session();
    EXPECT_TRUE(connect_to(client_options(), "localhost", good).client.resumed());
    EXPECT_FALSE(connect_to(client_options(), "127.0.0.1", good).client.resumed());
    EXPECT_FALSE(connect_to(client_options(), "localhost", unverified).client.resumed());
}

TENDRIL_TEST(Tls, AFloodOfKeyUpdatesStopsNobody) {
    RawPair pair = connect_raw(server_options());
    for (int i = 0; i < 4000; ++i) {  // 100 kB, which have all arrived when the server begins to read
        pair.client->socket().send_all(pair.client->key_update(false), 10s);
    }
    pair.client->socket().send_all(pair.client->record("x"), 10s);
    int turns = 0;
    auto other = spawn([&] {
        for (;; ++turns) {
            yield();
        }
    });
    char c = 0;
    EXPECT_THROW(pair.server.recv({&c, 1}, 0s), TimeoutError);
    EXPECT_EQ(received(pair.server, 1), "x");
    EXPECT_GE(turns, 4);
    other.kill();
}

TENDRIL_TEST(Tls, AKeyUpdateIsAnsweredWhoeverWaits) {
    RawPair pair = connect_raw(server_options());
    const std::string text = pattern(6'000'000);
    auto writer = spawn([&] { pair.server.send_all(text, 60s); });
    auto reader = spawn([&] { return received(pair.server, 4); });
    testing::until_waiting_for_io(2);  // the peer has read nothing so far, so the writer waits too
    pair.client->socket().send_all(pair.client->key_update(true));
    pair.client->socket().send_all(pair.client->record("ping"));
    EXPECT_EQ(reader.get(), "ping");
    std::string got;
    while (got.size() < text.size()) {
        got += pair.client->recv(20'000);
    }
    EXPECT_TRUE(got == text);
    writer.get();
    pair.server.send_all("after it", 10s);
    EXPECT_EQ(pair.client->recv(), "after it");
}

TENDRIL_TEST(Tls, NoNewHandshakeOnAnOldConnection) {
    RawPair pair = connect_raw(server_options(), {.tls_1_2 = true});
    auto server = spawn([&] {
        std::string buffer(10, '\0');
        return pair.server.recv(buffer, 20s);
    });
    EXPECT_THROW(pair.client->renegotiate(), std::runtime_error);
    pair.client->socket().close();
    EXPECT_THROW(server.get(), std::system_error);
}

// The socket cannot send any more, but what the peer sent before can still be read.
TENDRIL_TEST(Tls, AFailedSendLeavesWhatCameReadable) {
    Pair pair = Setup().connect_both();
    pair.server.send_all("too large");
    {
        const testing::Faults reset({{.call = sys::Call::send, .fd = pair.client.fd(), .fault = EPIPE}});
        EXPECT_EQ(errno_of([&] { pair.client.send_all("a request"); }), EPIPE);
    }
    EXPECT_EQ(errno_of([&] { pair.client.send_all("more"); }), EPIPE);
    EXPECT_EQ(received(pair.client, 9), "too large");
    pair.client.close();
    char c = 0;
    EXPECT_THROW(pair.server.recv({&c, 1}, 10s), TlsError) << "no close_notify after a lost record";
}

// A client may send and close before the server's tickets reach it (RFC 8446, 4.6.1).
TENDRIL_TEST(Tls, ATicketThatNobodyTakesIsNoError) {
    auto [a, b] = Setup::plain();
    const testing::Faults gone({{.call = sys::Call::send, .fd = b.fd(), .skip = 1, .fault = EPIPE}});
    auto client = spawn([&, socket = std::move(a)]() mutable {
        TlsSocket s = wrap_ssl(std::move(socket), client_options(), {.server_name = "localhost"}, 10s);
        s.send_all("a message");
        s.shutdown(Shutdown::write);
        yield();
    });
    TlsSocket server = wrap_ssl(std::move(b), server_options(), {}, 10s);
    EXPECT_EQ(gone.happened(), 1u);
    EXPECT_EQ(received(server, 100), "a message");
    client.get();
}

}  // namespace
}  // namespace tendril
