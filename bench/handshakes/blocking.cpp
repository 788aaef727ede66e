// SPDX-License-Identifier: MIT
//
// The same connections one after another by OpenSSL's blocking calls, in two OS threads: the cost without an event
// loop.
//
//     bench_handshakes_blocking CERTIFICATE KEY [TOTAL]

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "../measure.hpp"

namespace {

void check(bool good, const char* what) {
    if (!good) {
        std::perror(what);
        ERR_print_errors_fp(stderr);
        std::exit(1);
    }
}

void no_delay(int fd) {
    const int on = 1;
    check(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "setsockopt");
}

// Sends back what it reads, until the end.
void serve_one(int fd, SSL_CTX* context) {
    no_delay(fd);
    SSL* ssl = SSL_new(context);
    check(SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1, "SSL_accept");
    char buffer[64];
    for (int n = 0; (n = SSL_read(ssl, buffer, sizeof buffer)) > 0;) {
        check(SSL_write(ssl, buffer, n) == n, "SSL_write");
    }
    SSL_shutdown(ssl);
    SSL_free(ssl);
    ::close(fd);
}

void ask_one(const sockaddr_in& at, SSL_CTX* context) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0, "connect");
    no_delay(fd);
    SSL* ssl = SSL_new(context);
    SSL_set_tlsext_host_name(ssl, "localhost");
    SSL_set1_host(ssl, "localhost");
    char buffer[64] = {};
    check(SSL_set_fd(ssl, fd) == 1 && SSL_connect(ssl) == 1 && SSL_write(ssl, buffer, sizeof buffer) == sizeof buffer,
          "SSL_connect");
    check(SSL_read(ssl, buffer, sizeof buffer) == sizeof buffer, "SSL_read");
    SSL_shutdown(ssl);
    SSL_free(ssl);
    ::close(fd);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fputs("usage: bench_handshakes_blocking CERTIFICATE KEY [TOTAL]\n", stderr);
        return 2;
    }
    const int total = argc > 3 ? std::atoi(argv[3]) : 2000;
    SSL_CTX* server = SSL_CTX_new(TLS_server_method());
    SSL_CTX* client = SSL_CTX_new(TLS_client_method());
    check(SSL_CTX_use_certificate_chain_file(server, argv[1]) == 1 &&
              SSL_CTX_use_PrivateKey_file(server, argv[2], SSL_FILETYPE_PEM) == 1 &&
              SSL_CTX_load_verify_file(client, argv[1]) == 1,
          "certificate");
    SSL_CTX_set_session_cache_mode(server, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(client, SSL_VERIFY_PEER, nullptr);
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    check(::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 && ::listen(listener, 100) == 0 &&
              ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) == 0,
          "listen");
    const bench::Elapsed before = bench::now();
    std::thread serving([&] {
        for (int i = 0; i < total; ++i) {
            serve_one(::accept(listener, nullptr, nullptr), server);
        }
    });
    for (int i = 0; i < total; ++i) {
        ask_one(at, client);
    }
    serving.join();
    bench::report({"OpenSSL, blocking", OPENSSL_VERSION_STR}, "tls connections, 1 at once", bench::now() - before,
                  static_cast<std::uint64_t>(total));
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    return 0;
}
