// SPDX-License-Identifier: MIT
//
// The echo server on libuv, as its guide writes one: a read callback, uv_try_write first, a write request for the rest.
// With TLS: OpenSSL between two memory BIOs, since libuv owns the socket.
//
//     bench_echo_libuv [CERTIFICATE KEY]      prints its port; ends when it is killed

#include <openssl/ssl.h>
#include <uv.h>

#include <arpa/inet.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace {

SSL_CTX* tls = nullptr;
char shared_buffer[32768];  // a read's data is used up before the next read

struct Connection {
    uv_tcp_t socket{};
    SSL* ssl = nullptr;
    BIO* in = nullptr;
    BIO* out = nullptr;
    bool paused = false;
};

struct WriteRequest {
    uv_write_t request{};
    std::vector<char> bytes;
};

void end(Connection& c) {
    uv_close(reinterpret_cast<uv_handle_t*>(&c.socket), [](uv_handle_t* handle) {
        auto* closed = static_cast<Connection*>(handle->data);
        SSL_free(closed->ssl);
        delete closed;
    });
}

void start_reading(Connection& c);

void send(Connection& c, const char* bytes, std::size_t size) {
    uv_buf_t whole = uv_buf_init(const_cast<char*>(bytes), static_cast<unsigned>(size));
    const int n = uv_try_write(reinterpret_cast<uv_stream_t*>(&c.socket), &whole, 1);
    const std::size_t sent = n > 0 ? static_cast<std::size_t>(n) : 0;
    if (sent == size) {
        return;
    }
    auto* left = new WriteRequest{.bytes = std::vector<char>(bytes + sent, bytes + size)};
    left->request.data = &c;
    uv_buf_t rest = uv_buf_init(left->bytes.data(), static_cast<unsigned>(left->bytes.size()));
    c.paused = true;
    uv_read_stop(reinterpret_cast<uv_stream_t*>(&c.socket));
    uv_write(&left->request, reinterpret_cast<uv_stream_t*>(&c.socket), &rest, 1, [](uv_write_t* done, int status) {
        auto& connection = *static_cast<Connection*>(done->data);
        delete reinterpret_cast<WriteRequest*>(done);
        if (status == 0) {
            start_reading(connection);
        }
    });
}

void flush(Connection& c) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(c.out, &bytes);
    if (size > 0) {
        send(c, bytes, static_cast<std::size_t>(size));
        static_cast<void>(BIO_reset(c.out));
    }
}

void on_encrypted(Connection& c, const char* bytes, std::size_t size) {
    static char plain[16384];
    BIO_write(c.in, bytes, static_cast<int>(size));
    for (;;) {
        const int n = SSL_read(c.ssl, plain, sizeof plain);
        if (n <= 0) {
            break;
        }
        SSL_write(c.ssl, plain, n);
    }
    flush(c);
}

void start_reading(Connection& c) {
    c.paused = false;
    uv_read_start(
        reinterpret_cast<uv_stream_t*>(&c.socket),
        [](uv_handle_t*, std::size_t, uv_buf_t* buffer) { *buffer = uv_buf_init(shared_buffer, sizeof shared_buffer); },
        [](uv_stream_t* stream, ssize_t n, const uv_buf_t* buffer) {
            auto& connection = *static_cast<Connection*>(stream->data);
            if (n < 0) {
                end(connection);
            } else if (n > 0 && connection.ssl != nullptr) {
                on_encrypted(connection, buffer->base, static_cast<std::size_t>(n));
            } else if (n > 0) {
                send(connection, buffer->base, static_cast<std::size_t>(n));
            }
        });
}

void on_connection(uv_stream_t* listener, int status) {
    if (status < 0) {
        return;
    }
    auto* c = new Connection;
    uv_tcp_init(listener->loop, &c->socket);
    c->socket.data = c;
    if (uv_accept(listener, reinterpret_cast<uv_stream_t*>(&c->socket)) != 0) {
        end(*c);
        return;
    }
    uv_tcp_nodelay(&c->socket, 1);
    if (tls != nullptr) {
        c->ssl = SSL_new(tls);
        c->in = BIO_new(BIO_s_mem());
        c->out = BIO_new(BIO_s_mem());
        SSL_set_bio(c->ssl, c->in, c->out);
        SSL_set_accept_state(c->ssl);
    }
    start_reading(*c);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 2) {
        tls = SSL_CTX_new(TLS_server_method());
        if (SSL_CTX_use_certificate_chain_file(tls, argv[1]) != 1 ||
            SSL_CTX_use_PrivateKey_file(tls, argv[2], SSL_FILETYPE_PEM) != 1) {
            std::fprintf(stderr, "cannot read the certificate\n");
            return 1;
        }
    }
    uv_loop_t* loop = uv_default_loop();
    uv_tcp_t listener;
    uv_tcp_init(loop, &listener);
    sockaddr_in at{};
    uv_ip4_addr("127.0.0.1", 0, &at);
    uv_tcp_bind(&listener, reinterpret_cast<const sockaddr*>(&at), 0);
    if (uv_listen(reinterpret_cast<uv_stream_t*>(&listener), 1024, on_connection) != 0) {
        std::fprintf(stderr, "cannot listen\n");
        return 1;
    }
    int size = sizeof at;
    uv_tcp_getsockname(&listener, reinterpret_cast<sockaddr*>(&at), &size);
    std::printf("%d\n", ntohs(at.sin_port));
    std::fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT);
}
