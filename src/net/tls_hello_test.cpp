// SPDX-License-Identifier: MIT
//
// Clients that must send their hello again, since they guessed the server's group wrong (RFC 8446, 4.1.4).

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <system_error>

#include <tendril/tls_machine.hpp>

#include "certificates.hpp"
#include "green_test.hpp"

namespace tendril {
namespace {

using testing::server_identity;

struct Free {
    void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
    void operator()(SSL* p) const noexcept { SSL_free(p); }
};

// A client by OpenSSL alone, in memory.
class RawClient {
public:
    RawClient() {
        SSL_set_bio(ssl_.get(), in_, out_);
        BIO_set_mem_eof_return(in_, -1);
        SSL_set1_groups_list(ssl_.get(), "X25519:P-256");
        SSL_set_connect_state(ssl_.get());
    }

    // Goes on with the handshake, for this name. Returns: what is for the server.
    std::string hello(const char* name, const std::string& answer) {
        SSL_set_tlsext_host_name(ssl_.get(), name);
        if (!answer.empty()) {
            BIO_write(in_, answer.data(), static_cast<int>(answer.size()));
        }
        SSL_do_handshake(ssl_.get());
        ERR_clear_error();
        std::string text(BIO_ctrl_pending(out_), '\0');
        BIO_read(out_, text.data(), static_cast<int>(text.size()));
        return text;
    }

private:
    std::unique_ptr<SSL_CTX, Free> context_{SSL_CTX_new(TLS_client_method())};
    std::unique_ptr<SSL, Free> ssl_{SSL_new(context_.get())};
    BIO* in_ = BIO_new(BIO_s_mem());  // owned by the SSL
    BIO* out_ = BIO_new(BIO_s_mem());
};

TlsOptions server_options() {
    return {.server_side = true,
            .certificate = server_identity().certificate,
            .key = server_identity().key,
            .groups = "P-256"};
}

// Each name's context may demand another certificate of the client.
TENDRIL_TEST(TlsHello, TheSecondNamesNoOtherServer) {
    for (const bool by_name : {true, false}) {
        for (const char* second : {"Public.test.", "admin.test"}) {
            const TlsContext chosen(server_options());
            TlsOptions options = server_options();
            int asked = 0;
            if (by_name) {
                options.by_name = [&](std::string_view) {
                    ++asked;
                    return &chosen;
                };
            }
            TlsMachine server{TlsContext(options)};
            RawClient client;
            const auto give = [&](const std::string& bytes) { EXPECT_EQ(server.feed(bytes), bytes.size()); };
            give(client.hello("public.test", ""));
            EXPECT_FALSE(server.handshake());
            const Bytes again = server.outgoing();
            give(client.hello(second, {reinterpret_cast<const char*>(again.data()), again.size()}));
            server.sent(again.size());
            std::string error = "none";
            try {
                EXPECT_FALSE(server.handshake());
                EXPECT_EQ(server.server_name(), "public.test");
            } catch (const TlsError& e) {
                error = e.what();
            }
            EXPECT_EQ(error.find("names another server") != std::string::npos, second[0] == 'a') << error;
            EXPECT_EQ(asked, by_name ? 1 : 0);
            EXPECT_FALSE(server.outgoing().empty()) << "its flight, or an alert";
        }
    }
}

}  // namespace
}  // namespace tendril
