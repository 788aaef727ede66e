// SPDX-License-Identifier: MIT
//
// What a TLS context can be told beyond a certificate and its authorities, and what a connection says of itself.

#include <tendril/tls.hpp>

#include <fcntl.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tendril/fd.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "certificates.hpp"
#include "errno_of.hpp"
#include "folder.hpp"
#include "green_test.hpp"
#include "tls_setup.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::Authority;
using testing::authority;
using testing::code_of;
using testing::server_identity;
using testing::text_of;
using Pair = testing::TlsPair;
using Setup = testing::TlsSetup;

std::string refusal_of(const TlsOptions& options) {
    try {
        const TlsContext made(options);
        return "accepted";
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
}

TENDRIL_TEST(TlsRevocations, ARevokedCertificateIsRefused) {
    const Authority root("root");
    const Authority between("between", root);
    const testing::Identity good = between.issue("good");
    const testing::Identity bad = between.issue("bad");
    const std::string of_between = between.revocations({bad.certificate});
    const std::string of_root = root.revocations({});
    struct Case {
        const testing::Identity& shown;
        TlsRevocation how;
        std::string lists;
        int expected;
    };
    const Case cases[] = {
        {good, TlsRevocation::leaf, of_between, X509_V_OK},
        {bad, TlsRevocation::leaf, of_between, X509_V_ERR_CERT_REVOKED},
        {bad, TlsRevocation::none, "", X509_V_OK},
        {good, TlsRevocation::chain, of_between + of_root, X509_V_OK},
        {good, TlsRevocation::chain, of_between, X509_V_ERR_UNABLE_TO_GET_CRL},
        {good, TlsRevocation::chain, of_between + root.revocations({between.certificate()}), X509_V_ERR_CERT_REVOKED},
        {good, TlsRevocation::leaf, between.revocations({}, true), X509_V_ERR_CRL_HAS_EXPIRED},
        {good, TlsRevocation::leaf, of_root, X509_V_ERR_UNABLE_TO_GET_CRL},
    };
    for (const Case& each : cases) {
        Setup setup;
        setup.client = {.ca_file = root.certificate(), .revocation = each.how, .crl_file = each.lists};
        setup.server.certificate = each.shown.certificate + between.certificate();
        setup.server.key = each.shown.key;
        const Pair pair = setup.connect_both();
        const int got = pair.client_error == nullptr ? X509_V_OK : code_of(pair.client_error).value();
        EXPECT_EQ(got, each.expected) << &each - cases << ": " << text_of(pair.client_error);
    }
}

TEST(TlsOptions, OfRevocationAreRefusedWithoutEffect) {
    const std::string ca = authority().certificate();
    const std::string list = authority().revocations({});
    const std::pair<TlsOptions, const char*> cases[] = {
        {{.ca_file = ca, .revocation = TlsRevocation::leaf}, "give .crl_file"},
        {{.ca_file = ca, .crl_file = list}, "no effect without .revocation"},
        {{.verify = TlsVerify::none, .revocation = TlsRevocation::leaf, .crl_file = list}, "no effect without .verify"},
        {{.verify = TlsVerify::none, .strict = true}, "no effect without .verify"},
        {{.groups = "no-such"}, "unknown or repeated group"},
        {{.signatures = "no-such"}, "unknown or repeated signature"},
        {{.tickets = 1}, ".tickets are a server's"},
        {{.prefer_own_ciphers = true}, ".prefer_own_ciphers is a server's"},
        {{.psk_by_identity = [](std::string_view) { return std::nullopt; }}, "a client sets .psk"},
        {{.more_identities = {{.certificate = server_identity().certificate}}}, "without a first .certificate"},
        {{.certificate = server_identity().certificate,
          .key = server_identity().key,
          .more_identities = {{server_identity().certificate, server_identity().key}}},
         "of the same kind"},
    };
    for (const auto& [options, why] : cases) {
        EXPECT_NE(refusal_of(options).find(why), std::string::npos) << why << ": " << refusal_of(options);
    }
    EXPECT_THROW(TlsContext(TlsOptions{.ca_file = ca, .revocation = TlsRevocation::leaf, .crl_file = ca}), TlsError);
}

TENDRIL_TEST(TlsTrust, StrictnessAndPinsAreAsked) {
    Setup setup;
    setup.client.strict = true;  // the test's certificates have no key identifiers
    EXPECT_EQ(code_of(setup.connect_both().client_error).category(), tls_verify_category());
    setup.client = {.ca_file = server_identity().certificate};
    EXPECT_EQ(code_of(setup.connect_both().client_error).category(), tls_verify_category());
    setup.client.partial_chain = true;
    const Pair pinned = setup.talk();
    EXPECT_EQ(text_of(pinned.client_error), "no error");
    EXPECT_EQ(pinned.client.verified_chain().size(), 1u);
}

TENDRIL_TEST(TlsIdentities, TheClientsAlgorithmsChoose) {
    const testing::Identity rsa = authority().issue("with RSA", {.rsa = true});
    Setup setup;
    setup.server.more_identities = {{rsa.certificate, rsa.key}};
    EXPECT_EQ(setup.talk().client.peer_certificate()->subject, "CN = a server");
    setup.client.signatures = "RSA-PSS+SHA256:ECDSA+SHA384";  // the authority's own signature is not checked by these
    setup.client.signatures = "RSA-PSS+SHA256:RSA+SHA256";
    const Pair by_signature = setup.talk();
    ASSERT_EQ(text_of(by_signature.client_error), "no error");
    EXPECT_EQ(by_signature.client.peer_certificate()->subject, "CN = with RSA");
    setup.client = {
        .ca_file = authority().certificate(), .highest = TlsVersion::tls_1_2, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"};
    const Pair by_cipher = setup.talk();
    ASSERT_EQ(text_of(by_cipher.client_error), "no error");
    EXPECT_EQ(by_cipher.client.peer_certificate()->subject, "CN = with RSA");
    EXPECT_EQ(by_cipher.client.cipher(), "ECDHE-RSA-AES128-GCM-SHA256");
    EXPECT_EQ(by_cipher.client.cipher_bits(), 128);
    EXPECT_EQ(by_cipher.server.shared_ciphers(), std::vector<std::string>{"ECDHE-RSA-AES128-GCM-SHA256"});
}

// What both sides say of it; "?" where they differ.
std::string signatures_of(const Pair& pair) {
    EXPECT_EQ(text_of(pair.client_error), "no error");
    EXPECT_EQ(text_of(pair.server_error), "no error");
    const auto both = [](const std::string& here, const std::string& there) { return here == there ? here : "?"; };
    return both(pair.server.server_signature(), pair.client.server_signature()) + " / " +
           both(pair.server.client_signature(), pair.client.client_signature());
}

TENDRIL_TEST(TlsSignatures, BothSidesKnowWhatBothHaveSignedWith) {
    const testing::Identity rsa = authority().issue("with RSA", {.rsa = true});
    for (const TlsVersion version : {TlsVersion::tls_1_2, TlsVersion::tls_1_3}) {
        Setup setup;
        setup.client.highest = version;
        EXPECT_EQ(signatures_of(setup.talk()), "ECDSA+SHA256 / ");
        setup.server.certificate = rsa.certificate;
        setup.server.key = rsa.key;
        setup.options = {};
        setup.client.verify = TlsVerify::none;
        EXPECT_EQ(signatures_of(setup.talk()), "RSA-PSS+SHA256 / ");
        const std::string chosen = version == TlsVersion::tls_1_2 ? "RSA+SHA384" : "RSA-PSS+SHA384";
        setup.client.signatures = chosen + ":ECDSA+SHA256";
        EXPECT_EQ(signatures_of(setup.talk()), chosen + " / ");
        setup.server.verify = TlsVerify::required;
        setup.server.ca_file = authority().certificate();
        setup.client.certificate = server_identity().certificate;
        setup.client.key = server_identity().key;
        EXPECT_EQ(signatures_of(setup.talk()), chosen + " / ECDSA+SHA256");
    }
}

TENDRIL_TEST(TlsSignatures, WhereNothingWasSignedThereIsNone) {
    for (const TlsVersion version : {TlsVersion::tls_1_2, TlsVersion::tls_1_3}) {
        Setup setup;
        setup.client.highest = version;
        const TlsContext client(setup.client);
        const TlsContext server(setup.server);
        Pair first = setup.connect_both(client, server);
        EXPECT_EQ(signatures_of(first), "ECDSA+SHA256 / ");
        Setup::exchange(first);
        setup.options.session = first.client.session();
        const Pair again = setup.connect_both(client, server);
        EXPECT_TRUE(again.client.resumed());
        EXPECT_EQ(signatures_of(again), " / ");
    }
    const testing::Identity rsa = authority().issue("with RSA", {.rsa = true});
    Setup setup;
    setup.client = {.verify = TlsVerify::none, .highest = TlsVersion::tls_1_2, .ciphers = "AES128-GCM-SHA256"};
    setup.server.certificate = rsa.certificate;
    setup.server.key = rsa.key;
    EXPECT_EQ(signatures_of(setup.talk()), " / ") << "the server's key has decrypted, not signed";

    auto [a, b] = TcpSocket::pair();
    TlsSocket before = wrap_ssl(std::move(a), TlsContext(setup.client), {.handshake_on_connect = false});
    EXPECT_EQ(before.server_signature() + before.client_signature(), "");
    before.close();
    EXPECT_EQ(testing::errno_of([&] { static_cast<void>(before.server_signature()); }), EBADF);
}

TENDRIL_TEST(TlsGroups, BothSidesAgreeOnOne) {
    Setup setup;
    setup.client.groups = "P-384:X25519";
    setup.server.groups = "P-384";
    const Pair pair = setup.talk();
    EXPECT_EQ(pair.client.group(), "secp384r1");
    EXPECT_EQ(pair.server.group(), "secp384r1");
    setup.client.groups = "X25519";
    EXPECT_NE(setup.connect_both().client_error, nullptr);
}

TENDRIL_TEST(TlsGroups, ANameHasItsOwn) {
    const TlsContext strong({.server_side = true,
                             .certificate = server_identity().certificate,
                             .key = server_identity().key,
                             .groups = "P-521"});
    Setup setup;
    setup.server.groups = "X25519";
    setup.server.by_name = [&](std::string_view) { return &strong; };
    EXPECT_EQ(setup.talk().client.group(), "secp521r1");
}

TENDRIL_TEST(TlsCiphers, TheServersOrderIsTakenIfItSaysSo) {
    Setup setup;
    setup.client.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";
    setup.client.highest = TlsVersion::tls_1_2;
    setup.server.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256";
    EXPECT_EQ(setup.talk().client.cipher(), "ECDHE-ECDSA-AES128-GCM-SHA256");
    setup.server.prefer_own_ciphers = true;
    EXPECT_EQ(setup.talk().client.cipher(), "ECDHE-ECDSA-AES256-GCM-SHA384");
    const std::vector<std::string> all = TlsContext(setup.server).ciphers();
    EXPECT_NE(std::find(all.begin(), all.end(), "ECDHE-ECDSA-AES128-GCM-SHA256"), all.end());
    EXPECT_EQ(std::find(all.begin(), all.end(), "ECDHE-RSA-AES128-GCM-SHA256"), all.end());
}

TENDRIL_TEST(TlsChains, AsSentAndAsVerified) {
    const Authority root("root");
    const Authority between("between", root);
    const testing::Identity leaf = between.issue("leaf");
    const testing::Identity client = between.issue("client", {.names = {}});
    const auto subjects = [](const std::vector<TlsCertificate>& chain) {
        std::string all;
        for (const TlsCertificate& one : chain) {
            all += one.subject.substr(5) + " ";
        }
        return all;
    };
    Setup setup;
    setup.client = {
        .certificate = client.certificate + between.certificate(), .key = client.key, .ca_file = root.certificate()};
    setup.server.certificate = leaf.certificate + between.certificate() + authority().certificate();
    setup.server.key = leaf.key;
    setup.server.verify = TlsVerify::required;
    setup.server.ca_file = root.certificate();
    Pair pair = setup.talk();
    ASSERT_EQ(text_of(pair.client_error), "no error");
    EXPECT_EQ(subjects(pair.client.peer_chain()), "leaf between tendril's tests ");
    EXPECT_EQ(subjects(pair.client.verified_chain()), "leaf between root ");
    EXPECT_EQ(subjects(pair.server.peer_chain()), "client between ");
    EXPECT_EQ(subjects(pair.server.verified_chain()), "client between root ");
    setup.client.verify = TlsVerify::none;
    pair = setup.talk();
    EXPECT_EQ(subjects(pair.client.peer_chain()), "leaf between tendril's tests ");
    EXPECT_EQ(subjects(pair.client.verified_chain()), "");
    const std::vector<TlsCertificate> read = read_certificates(leaf.certificate + between.certificate());
    EXPECT_EQ(subjects(read), "leaf between ");
    EXPECT_EQ(read_certificates(read[1].pem())[0].sha256, read[1].sha256);
    EXPECT_THROW(read_certificates("/etc/passwd"), TlsError);
    EXPECT_TRUE(read[0].is_for("LocalHost.") && read[0].is_for("127.0.0.1"));
    EXPECT_FALSE(read[0].is_for("elsewhere.test") || read[0].is_for("127.0.0.2") || read[1].is_for("between"));
    EXPECT_EQ(subjects(TlsContext({.ca_file = root.certificate()}).authorities()), "root ");
}

// The server asks when it needs to; the answer comes with what the client sends next.
TENDRIL_TEST(TlsPostHandshake, TheClientShowsItsCertificateWhenAsked) {
    const testing::Identity client = authority().issue("client 7", {.names = {}});
    Setup setup;
    setup.client.certificate = client.certificate;
    setup.client.key = client.key;
    setup.client.post_handshake_auth = setup.server.post_handshake_auth = true;
    setup.server.verify = TlsVerify::required;
    setup.server.ca_file = authority().certificate();
    Pair pair = setup.talk();
    ASSERT_EQ(text_of(pair.server_error), "no error");
    EXPECT_FALSE(pair.server.peer_certificate().has_value());
    EXPECT_EQ(pair.server.client_signature(), "");
    pair.server.request_certificate(20s);
    EXPECT_THROW(pair.server.request_certificate(20s), TlsError) << "one at a time";
    auto reading = spawn([&] {
        char byte = 0;
        pair.server.send_all("y", 20s);
        return pair.server.recv({&byte, 1}, 20s);
    });
    char byte = 0;
    EXPECT_EQ(pair.client.recv({&byte, 1}, 20s), 1u);
    pair.client.send_all("x", 20s);
    EXPECT_EQ(reading.get(), 1u);
    EXPECT_EQ(pair.server.peer_certificate()->subject, "CN = client 7");
    EXPECT_EQ(pair.server.client_signature(), "ECDSA+SHA256");
    EXPECT_EQ(pair.client.client_signature(), "ECDSA+SHA256");

    setup.client.certificate = setup.client.key = "";
    Pair without = setup.talk();
    without.server.request_certificate(20s);
    without.server.send_all("y", 20s);
    EXPECT_EQ(without.client.recv({&byte, 1}, 20s), 1u);
    EXPECT_THROW(without.server.recv({&byte, 1}, 20s), TlsError) << "it has none";
    setup.client.post_handshake_auth = false;
    Pair refusing = setup.talk();
    EXPECT_THROW(refusing.server.request_certificate(20s), TlsError) << "it does not offer that";
    Setup::exchange(refusing);
}

TENDRIL_TEST(TlsBindings, BothSidesHaveTheSame) {
    for (const TlsVersion version : {TlsVersion::tls_1_2, TlsVersion::tls_1_3}) {
        Setup setup;
        setup.client.highest = version;
        const TlsContext client(setup.client);
        const TlsContext server(setup.server);
        std::string before;
        for (const bool again : {false, true}) {
            Pair pair = setup.connect_both(client, server);
            Setup::exchange(pair);
            ASSERT_EQ(text_of(pair.client_error), "no error");
            EXPECT_EQ(pair.client.resumed(), again);
            EXPECT_FALSE(pair.client.server_side());
            EXPECT_TRUE(pair.server.server_side());
            for (const TlsBinding which : {TlsBinding::exporter, TlsBinding::server_end_point, TlsBinding::unique}) {
                if (which == TlsBinding::unique && version == TlsVersion::tls_1_3) {
                    EXPECT_THROW(static_cast<void>(pair.client.channel_binding(which)), std::logic_error);
                    continue;
                }
                const std::string binding = pair.client.channel_binding(which);
                EXPECT_EQ(binding, pair.server.channel_binding(which)) << static_cast<int>(which);
                EXPECT_GE(binding.size(), 12u);
                EXPECT_NE(binding, std::exchange(before, binding));
            }
            setup.options.session = pair.client.session();
            EXPECT_TRUE(setup.options.session.has_ticket());
            EXPECT_GT(setup.options.session.lifetime(), 60s);
            EXPECT_LT(std::chrono::abs(setup.options.session.made() - std::chrono::system_clock::now()), 1h);
        }
        const TlsStatistics counted = server.statistics();
        EXPECT_EQ(counted.finished, 2u);
        EXPECT_EQ(counted.resumed, 1u);
    }
    Pair pair = Setup().connect_both();
    EXPECT_EQ(pair.client.exported("EXPORTER-x", 16, "a"), pair.server.exported("EXPORTER-x", 16, "a"));
    EXPECT_NE(pair.client.exported("EXPORTER-x", 16, "a"), pair.client.exported("EXPORTER-x", 16, "b"));
    auto [a, b] = TcpSocket::pair();
    const TlsSocket early =
        wrap_ssl(std::move(a), TlsOptions{.verify = TlsVerify::none}, {.handshake_on_connect = false});
    EXPECT_THROW(static_cast<void>(early.channel_binding(TlsBinding::exporter)), std::logic_error);
}

TENDRIL_TEST(TlsTickets, AsManyAsTheServerSays) {
    for (const unsigned count : {0u, 1u, 16u}) {
        Setup setup;
        setup.server.tickets = count;
        const Pair pair = setup.talk();
        EXPECT_EQ(static_cast<bool>(pair.client.session()), count > 0);
    }
    Setup setup;
    setup.server.tickets = 17;
    EXPECT_NE(refusal_of(setup.server).find("more than 16"), std::string::npos);
}

TEST(TlsOptions, AContextThatWasMovedFromIsStillOne) {
    TlsContext first(testing::TlsSetup().server);
    const TlsContext second = std::move(first);
    EXPECT_TRUE(first.server_side() && second.server_side());  // NOLINT(bugprone-use-after-move): it is about that
    EXPECT_EQ(first.ciphers(), second.ciphers());
}

TENDRIL_TEST(TlsOptions, AKeyLogWhoseReaderIsGoneStopsNobody) {
    const testing::TemporaryFolder folder;
    Setup setup;
    setup.server.key_log_file = folder.path("fifo");
    ASSERT_EQ(::mkfifo(setup.server.key_log_file.c_str(), 0600), 0);
    Fd reader(::open(setup.server.key_log_file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    const TlsContext client(setup.client);
    const TlsContext server(setup.server);
    Pair pair = setup.connect_both(client, server);
    EXPECT_EQ(text_of(pair.server_error), "no error");
    char line[1000];
    const ssize_t size = ::read(reader.get(), line, sizeof line);
    ASSERT_GT(size, 0);
    EXPECT_EQ(line[size - 1], '\n');
    reader.close();
    pair = setup.connect_both(client, server);
    EXPECT_EQ(text_of(pair.server_error), "no error");
}

TENDRIL_TEST(TlsCertificates, AServersCanBeFetched) {
    TlsListener listener = wrap_ssl(listen("127.0.0.1:0"), Setup().server);
    auto serving = spawn([&] {
        for (int i = 0; i < 2; ++i) {
            TlsSocket client = listener.accept(20s);
            try {
                client.handshake(20s);
            } catch (const std::exception&) {  // the second client refuses
            }
        }
    });
    const std::uint16_t port = listener.address().port();
    EXPECT_EQ(get_server_certificate("127.0.0.1", port, 20s).pem(), server_identity().certificate);
    const Authority stranger("a stranger");
    EXPECT_THROW(get_server_certificate("127.0.0.1", port, TlsOptions{.ca_file = stranger.certificate()}, 20s),
                 TlsError);
    serving.get();
    auto silent = spawn([&] { listener.accept(20s); });
    Listener mute = listen("127.0.0.1:0");
    EXPECT_THROW(get_server_certificate("127.0.0.1", mute.address().port(), 5ms), TimeoutError);
    silent.kill();
    EXPECT_NE(default_trust_paths().folder, "");
}

}  // namespace
}  // namespace tendril
