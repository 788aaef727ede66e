// SPDX-License-Identifier: MIT
//
// TLS with the openssl(1) program at the other end: what both ends of our own would get wrong together is seen here.

#include <chrono>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/process.hpp>
#include <tendril/tls.hpp>
#include <tendril/tls_stream.hpp>

#include "certificates.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::server_identity;
using testing::TemporaryFile;

constexpr const char* key_hex = "736563726574";  // "secret"

std::string line_of(Source& from) {
    std::string line;
    char c = 0;
    while (from.recv({&c, 1}, 20s) == 1 && c != '\n') {
        line += c;
    }
    return line;
}

// openssl s_server, which sends back each line reversed. Ends with this.
struct OpensslServer {
    Popen program;
    int port = 0;

    explicit OpensslServer(std::vector<std::string> options)
        : program(
              [&] {
                  std::vector<std::string> all{"openssl", "s_server", "-accept", "127.0.0.1:0", "-rev"};
                  all.insert(all.end(), options.begin(), options.end());
                  return all;
              }(),
              {.in = PIPE, .out = PIPE, .err = DEVNULL}) {
        std::string line;
        while (line.rfind("ACCEPT ", 0) != 0) {
            line = line_of(program.stdout_());
        }
        port = std::stoi(line.substr(line.rfind(':') + 1));
    }
    OpensslServer(const OpensslServer&) = delete;
    OpensslServer& operator=(const OpensslServer&) = delete;
    ~OpensslServer() {
        program.kill();
        program.wait(20s);
    }
};

TENDRIL_TEST(TlsPeers, AServerByOpensslTakesOurKey) {
    for (const TlsVersion version : {TlsVersion::tls_1_2, TlsVersion::tls_1_3}) {
        OpensslServer server({"-nocert", "-psk", key_hex, "-psk_identity", "client 7", "-psk_hint", "which?"});
        TlsOptions options{.verify = TlsVerify::none, .highest = version};
        options.psk = [](std::string_view) { return TlsPsk{"client 7", "secret"}; };
        TlsSocket client = wrap_ssl(connect("127.0.0.1", server.port, 20s), options, {}, 20s);
        client.send_all("hello\n", 20s);
        EXPECT_EQ(line_of(client), "olleh");
        EXPECT_FALSE(client.peer_certificate().has_value());
    }
}

TENDRIL_TEST(TlsPeers, AClientByOpensslHasAKey) {
    TlsOptions options{.server_side = true};
    options.psk_by_identity = [](std::string_view identity) {
        return identity == "client 7" ? std::optional<std::string>("secret") : std::nullopt;
    };
    const TlsContext context(options);
    for (const char* version : {"-tls1_2", "-tls1_3"}) {
        Listener listener = listen("127.0.0.1:0");
        Popen program({"openssl", "s_client", "-connect", listener.address().to_string(), version, "-quiet", "-psk",
                       key_hex, "-psk_identity", "client 7"},
                      {.in = PIPE, .out = PIPE, .err = DEVNULL});
        TlsSocket client = wrap_ssl(listener.accept(20s), context, {}, 20s);
        program.stdin_().send_all("hello\n", 20s);
        EXPECT_EQ(line_of(client), "hello");
        client.send_all("good bye\n", 20s);
        EXPECT_EQ(line_of(program.stdout_()), "good bye");
        client.close();
        program.stdin_().close();
        program.wait(20s);
    }
}

// The second connection resumes the session of the first.
TENDRIL_TEST(TlsPeers, ATlsStreamResumesItsSession) {
    const TemporaryFile certificate(server_identity().certificate + testing::authority().certificate());
    const TemporaryFile key(server_identity().key);
    OpensslServer server({"-cert", certificate.path(), "-key", key.path()});
    const TlsContext context({.ca_file = testing::authority().certificate()});
    EXPECT_EQ(get_server_certificate("127.0.0.1", static_cast<std::uint16_t>(server.port), 20s).pem(),
              server_identity().certificate);
    TlsSession session;
    for (const bool again : {false, true}) {
        TcpSocket plain = connect("127.0.0.1", server.port, 20s);
        TlsStream client = wrap_ssl(std::make_shared<TcpSocket>(std::move(plain)), context,
                                    {.server_name = "localhost", .session = session}, 20s);
        client.send_all("hello\n", 20s);
        EXPECT_EQ(line_of(client), "olleh");
        EXPECT_EQ(client.resumed(), again);
        session = client.session();
    }
}

}  // namespace
}  // namespace tendril
