// SPDX-License-Identifier: MIT
//
// An echo server like eventlet's own: a pool of up to 10,000 green threads, one for each connection; and some clients.

#include <cstdio>
#include <string>

#include <tendril/group.hpp>
#include <tendril/pool.hpp>
#include <tendril/socket.hpp>

using namespace tendril;

static void handle(TcpSocket client) {
    char buffer[1024];
    while (const std::size_t n = client.recv(buffer)) {
        client.send_all({buffer, n});
    }
}

static void server(Listener& listener) {
    Pool pool(10'000);
    for (;;) {
        pool.spawn_n(handle, listener.accept());
    }
}

int main() {
    Listener listener = listen("127.0.0.1:0");
    Group servers;
    servers.spawn([&] { server(listener); });

    for (const std::string message : {"hello", "world"}) {
        TcpSocket socket = connect(listener.address());
        socket.send_all(message);
        socket.shutdown(Shutdown::write);
        char buffer[64];
        const std::size_t n = socket.recv_exactly(buffer);  // to the end
        std::printf("%s\n", std::string(buffer, n).c_str());
    }
    servers.kill();
    return 0;
}
