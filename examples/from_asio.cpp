// SPDX-License-Identifier: MIT
//
// The program of docs/coming-from-asio.md; asio_deadline.cpp is the same with Asio's coroutines, and prints the same.

#include <chrono>
#include <cstdio>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/server.hpp>
#include <tendril/socket.hpp>

using namespace std::chrono_literals;

void echo(tendril::TcpSocket& socket) {
    char data[1024];
    while (const std::size_t n = socket.recv(data)) {
        socket.send_all({data, n});
    }
}

void talk(const tendril::Address& server) {
    tendril::TcpSocket socket = tendril::connect(server);
    socket.send_all("hello");
    std::string answer(5, '\0');
    socket.recv_exactly(answer);
    std::puts(answer.c_str());

    try {
        socket.recv_exactly(answer, 10ms);  // nobody answers what was not asked
    } catch (const tendril::TimeoutError&) {
        std::puts("nothing within 10 ms");
    }
}

int main() {
    tendril::Listener listener = tendril::listen("127.0.0.1:0");
    const auto serving = tendril::spawn([&] { tendril::serve(listener, echo); });
    talk(listener.address());
    serving.kill();
}
