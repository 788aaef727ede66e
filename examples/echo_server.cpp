// SPDX-License-Identifier: MIT
//
// An echo server: plain blocking code, one green thread per connection. With an address (127.0.0.1:7000) it serves
// there until it is stopped; without one it serves on a free port and is its own client.

#include <cstdio>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/server.hpp>
#include <tendril/socket.hpp>

void echo(tendril::TcpSocket& client) {
    char buffer[4096];
    while (const std::size_t n = client.recv(buffer)) {  // waits, and other green threads run meanwhile
        client.send_all({buffer, n});
    }
}

int main(int argc, char** argv) {
    tendril::Listener listener = tendril::listen(argc > 1 ? argv[1] : "127.0.0.1:0");
    auto server = tendril::spawn([&] { tendril::serve(listener, echo, {.concurrency = 1000}); });
    if (argc > 1) {
        server.join();
    }
    for (const std::string word : {"hello", "world"}) {
        tendril::TcpSocket socket = tendril::connect(listener.address());
        socket.send_all(word);
        std::string answer(word.size(), '\0');
        socket.recv_exactly(answer);
        std::puts(answer.c_str());
    }
    server.kill();
}
