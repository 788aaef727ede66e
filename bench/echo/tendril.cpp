// SPDX-License-Identifier: MIT
//
// The echo server on tendril, as its users write one: a green thread per connection.
//
//     bench_echo_tendril                      prints its port; ends when it is killed

#include <cstdio>

#include <tendril/server.hpp>
#include <tendril/socket.hpp>

namespace {

void echo(tendril::Stream& client) {
    char buffer[16384];
    while (const std::size_t n = client.recv(buffer)) {
        client.send_all({buffer, n});
    }
}

}  // namespace

int main() {
    tendril::Listener listener = tendril::listen("127.0.0.1:0");
    std::printf("%d\n", listener.address().port());
    std::fflush(stdout);
    tendril::serve(listener, [](tendril::TcpSocket& client) { echo(client); }, {.concurrency = 20'000});
    return 0;
}
