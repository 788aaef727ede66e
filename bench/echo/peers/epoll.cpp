// SPDX-License-Identifier: MIT
//
// The floor of bench/echo: the least that an echo server does, a bare epoll loop that reads and writes. It has no
// timers, no back pressure except waiting for the socket, and no connection table except epoll's own. With TLS: OpenSSL
// on the socket.
//
//     bench_echo_epoll [CERTIFICATE KEY]      prints its port; ends when it is killed

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr std::size_t buffer_size = 32768;

struct Connection {
    int fd = -1;
    SSL* ssl = nullptr;
    std::size_t pending = 0;  // already read, to be written from `sent` on
    std::size_t sent = 0;
    char buffer[buffer_size];
};

bool later(const Connection& c, long n) {
    if (c.ssl == nullptr) {
        return n < 0 && errno == EAGAIN;
    }
    const int why = SSL_get_error(c.ssl, static_cast<int>(n));
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

// Returns: false at the connection's end.
bool serve(Connection& c) {
    for (;;) {
        while (c.sent < c.pending) {
            const std::size_t left = c.pending - c.sent;
            const long n = c.ssl != nullptr ? SSL_write(c.ssl, c.buffer + c.sent, static_cast<int>(left))
                                            : ::send(c.fd, c.buffer + c.sent, left, MSG_NOSIGNAL);
            if (n <= 0) {
                return later(c, n);
            }
            c.sent += static_cast<std::size_t>(n);
        }
        const long n =
            c.ssl != nullptr ? SSL_read(c.ssl, c.buffer, buffer_size) : ::recv(c.fd, c.buffer, buffer_size, 0);
        if (n <= 0) {
            return later(c, n);
        }
        c.pending = static_cast<std::size_t>(n);
        c.sent = 0;
        if (c.ssl == nullptr && c.pending < buffer_size) {
            // A short read has emptied the socket: another one would only report that. One send, and wait.
            const long sent = ::send(c.fd, c.buffer, c.pending, MSG_NOSIGNAL);
            if (sent == n) {
                c.sent = c.pending = 0;
                return true;
            }
            if (sent < 0 && errno != EAGAIN) {
                return false;
            }
            c.sent = sent > 0 ? static_cast<std::size_t>(sent) : 0;
        }
    }
}

SSL_CTX* server_context(const char* certificate, const char* key) {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        std::fprintf(stderr, "cannot read the certificate\n");
        std::exit(1);
    }
    return context;
}

}  // namespace

int main(int argc, char** argv) {
    SSL_CTX* tls = argc > 2 ? server_context(argv[1], argv[2]) : nullptr;
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || ::listen(listener, 1024) != 0 ||
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
        std::perror("listen");
        return 1;
    }
    std::printf("%d\n", ntohs(at.sin_port));
    std::fflush(stdout);
    const int epoll = ::epoll_create1(0);
    epoll_event event{EPOLLIN, {.ptr = nullptr}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    epoll_event events[256];
    for (;;) {
        const int n = ::epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < n; ++i) {
            auto* c = static_cast<Connection*>(events[i].data.ptr);
            if (c != nullptr) {
                if (!serve(*c)) {
                    SSL_free(c->ssl);
                    ::close(c->fd);
                    delete c;
                }
                continue;
            }
            const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
            if (fd < 0) {
                continue;
            }
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            c = new Connection;
            c->fd = fd;
            if (tls != nullptr) {
                c->ssl = SSL_new(tls);
                SSL_set_fd(c->ssl, fd);
                SSL_set_accept_state(c->ssl);
            }
            event = {EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = c}};
            ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        }
    }
}
