// SPDX-License-Identifier: MIT
//
// The echo server on tendril, as its users write one: a green thread per connection.
//
//     bench_echo_tendril [CERTIFICATE KEY]    prints its port; ends when it is killed

#include <cstdio>

#include <tendril/server.hpp>
#include <tendril/socket.hpp>
#include <tendril/tls.hpp>

namespace {

void echo(tendril::Stream& client) {
    char buffer[32768];
    while (const std::size_t n = client.recv(buffer)) {
        client.send_all({buffer, n});
    }
}

}  // namespace

int main(int argc, char** argv) {
    tendril::Listener listener = tendril::listen("127.0.0.1:0");
    std::printf("%d\n", listener.address().port());
    std::fflush(stdout);
    const tendril::StreamServerOptions options{.concurrency = 20'000};
    if (argc > 2) {
        tendril::TlsOptions tls;
        tls.server_side = true;
        tls.certificate = argv[1];
        tls.key = argv[2];
        tendril::serve(
            wrap_ssl(std::move(listener), tls), [](tendril::TlsSocket& client) { echo(client); }, options);
    } else {
        tendril::serve(
            listener, [](tendril::TcpSocket& client) { echo(client); }, options);
    }
    return 0;
}
