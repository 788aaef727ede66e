// SPDX-License-Identifier: MIT
//
// TLS with OpenSSL's own programs and curl, both ways.

#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/stream_server.hpp>
#include <tendril/tls.hpp>

#include "certificates.hpp"
#include "green_test.hpp"
#include "peer.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::authority;
using testing::server_identity;
using testing::TemporaryFile;

struct Files {
    TemporaryFile ca{authority().certificate()};
    TemporaryFile certificate{server_identity().certificate};
    TemporaryFile key{server_identity().key};
};

TlsOptions options() {
    TlsOptions made;
    made.server_side = true;
    made.certificate = server_identity().certificate;
    made.key = server_identity().key;
    return made;
}

// Answers each line with what it knows of the connection, and the line; ends it after one that has no "+" in front.
void answer(TlsSocket& client) {
    BufferedReader in(client);
    while (const std::optional<std::string> line = in.read_line(20s)) {
        const auto peer = client.peer_certificate();
        client.send_all(client.version() + " alpn=" + client.alpn() + " resumed=" + (client.resumed() ? "yes" : "no") +
                        " name=" + client.server_name() + " peer=" + (peer ? peer->subject : "none") +
                        " said=" + *line + "\n");
        if (line->front() != '+') {
            return;
        }
    }
}

struct Server {
    explicit Server(const TlsOptions& with = options()) : server(wrap_ssl(listen("127.0.0.1:0"), with), answer) {
        server.start();
    }
    StreamServer server;
    std::string at() const { return server.address().to_string(); }

    std::string ask(const Files& files, std::vector<std::string> more, const std::string& input = "hello\n") const {
        std::vector<std::string> argv{
            "openssl",     "s_client", "-connect", at(), "-CAfile", files.ca.path(), "-verify_return_error",
            "-servername", "localhost"};
        argv.insert(argv.end(), more.begin(), more.end());
        return output_of(argv, input);
    }
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TENDRIL_TEST(TlsPeers, OpensslsClientInEachVersion) {
    TENDRIL_NEEDS("openssl");
    const Files files;
    const Server server;
    for (const char* version : {"1_2", "1_3"}) {
        const std::string out = server.ask(files, {"-quiet", std::string("-tls") + version});
        EXPECT_TRUE(
            has(out, std::string("TLSv1.") + version[2] + " alpn= resumed=no name=localhost peer=none said=hello"))
            << out;
    }
}

TENDRIL_TEST(TlsPeers, OldVersionsAndWeakCiphersAreRefused) {
    TENDRIL_NEEDS("openssl");
    const Files files;
    const Server server;
    for (const std::vector<std::string>& weak : {std::vector<std::string>{"-tls1"},
                                                 {"-tls1_1"},
                                                 {"-tls1_2", "-cipher", "eNULL:@SECLEVEL=0"},
                                                 {"-tls1_2", "-cipher", "RC4:3DES:@SECLEVEL=0"},
                                                 {"-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"}}) {
        std::vector<std::string> argv = weak;
        if (argv.size() == 1) {
            argv.insert(argv.end(), {"-cipher", "DEFAULT:@SECLEVEL=0"});
        }
        argv.insert(argv.end(), {"-quiet"});
        EXPECT_FALSE(has(server.ask(files, argv), "said=hello")) << weak.front() << ' ' << weak.back();
    }
    testing::take_unhandled();  // what the server reports of each
}

TENDRIL_TEST(TlsPeers, OpensslsClientAgreesOnAlpnAndShowsACertificate) {
    TENDRIL_NEEDS("openssl");
    const Files files;
    const testing::Identity client = authority().issue("somebody", {.names = {}});
    const TemporaryFile certificate(client.certificate);
    const TemporaryFile key(client.key);
    TlsOptions with = options();
    with.alpn = {"h2", "http/1.1"};
    with.verify = TlsVerify::optional;
    with.ca_file = authority().certificate();
    const Server server(with);
    const std::string out =
        server.ask(files, {"-quiet", "-alpn", "http/1.1", "-cert", certificate.path(), "-key", key.path()});
    EXPECT_TRUE(has(out, "alpn=http/1.1 ")) << out;
    EXPECT_TRUE(has(out, "peer=CN = somebody")) << out;
}

TENDRIL_TEST(TlsPeers, OpensslsClientResumesItsSession) {
    TENDRIL_NEEDS("openssl");
    const Files files;
    const TemporaryFile session;
    const Server server;
    for (const char* version : {"-tls1_2", "-tls1_3"}) {
        const std::string first = server.ask(files, {"-quiet", version, "-sess_out", session.path()});
        EXPECT_TRUE(has(first, "resumed=no")) << first;
        const std::string second = server.ask(files, {"-quiet", version, "-sess_in", session.path()});
        EXPECT_TRUE(has(second, "resumed=yes")) << second;
    }
}

TENDRIL_TEST(TlsPeers, OpensslsClientGetsTheStapledResponseAndTheNamesCertificate) {
    TENDRIL_NEEDS("openssl");
    const Files files;
    const testing::Identity identity = authority().issue("other", {.names = {"DNS:other.test"}});
    TlsOptions of_other = options();
    of_other.certificate = identity.certificate;
    of_other.key = identity.key;
    const TlsContext other(of_other);
    TlsOptions with = options();
    with.ocsp_response = "\x30\x03\x0a\x01\x03";  // tryLater
    with.by_name = [&](std::string_view name) { return name == "other.test" ? &other : nullptr; };
    const Server server(with);
    const std::string stapled = server.ask(files, {"-status"});
    EXPECT_TRUE(has(stapled, "OCSP Response Status: trylater")) << stapled;
    EXPECT_TRUE(has(stapled, "subject=CN = a server")) << stapled;
    const std::string named = server.ask(files, {"-status", "-servername", "other.test"});
    EXPECT_TRUE(has(named, "OCSP response: no response sent")) << named;
    EXPECT_TRUE(has(named, "subject=CN = other")) << named;
}

// "K" asks for new keys both ways: our next read must write.
TENDRIL_TEST(TlsPeers, KeysAreUpdatedInTheMidst) {
    TENDRIL_NEEDS("openssl");
    const Files files;
    const Server server;
    Peer client({"openssl", "s_client", "-connect", server.at(), "-CAfile", files.ca.path(), "-tls1_3"},
                {.in = PIPE, .out = PIPE, .err = PIPE});
    client->stdin_().send_all("+before\n");
    Peer::after(client->stdout_(), "said=+before");
    client->stdin_().send_all("K\n");
    Peer::after(client->stderr_(), "KEYUPDATE");  // it reads a command only where a line of its own begins
    client->stdin_().send_all("+after\n");
    Peer::after(client->stdout_(), "said=+after");
    client->stdin_().send_all("the end\n");
    Peer::after(client->stdout_(), "said=the end");
}

TENDRIL_TEST(TlsPeers, OurClientWithOpensslsServer) {
    TENDRIL_NEEDS("openssl");
    const Files files;
    for (const char* version : {"-tls1_2", "-tls1_3"}) {
        Peer server({"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", files.certificate.path(), "-key",
                     files.key.path(), "-rev", "-alpn", "h2", version},
                    {.in = DEVNULL, .out = PIPE, .err = DEVNULL});
        const std::string at = Peer::after(server->stdout_(), "ACCEPT ");
        TlsOptions with;
        with.ca_file = authority().certificate();
        with.alpn = {"h2"};
        TlsSocket client = wrap_ssl(connect(at, 20s), with, {.server_name = "localhost"}, 20s);
        EXPECT_EQ(client.alpn(), "h2");
        client.send_all("olleh\n", 20s);
        BufferedReader in(client);
        EXPECT_EQ(in.read_line(20s), "hello");
    }
}

TENDRIL_TEST(TlsPeers, Curl) {
    TENDRIL_NEEDS("curl");
    const Files files;
    StreamServer server(wrap_ssl(listen("127.0.0.1:0"), options()), [](TlsSocket& client) {
        BufferedReader in(client);
        in.read_until("\r\n\r\n", 20s);
        client.send_all("HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n");
    });
    server.start();
    const std::string port = std::to_string(server.address().port());
    EXPECT_EQ(output_of({"curl", "-sS", "--cacert", files.ca.path(), "--resolve", "localhost:" + port + ":127.0.0.1",
                         "https://localhost:" + port + "/"}),
              "hello\n");
    EXPECT_TRUE(has(output_of({"curl", "-sS", "https://127.0.0.1:" + port + "/"}), "certificate"))
        << "it trusts nobody";
    testing::take_unhandled();
}

}  // namespace
}  // namespace tendril
