// SPDX-License-Identifier: MIT
//
// Asio's echo server with green threads in place of callbacks, and the hub inside Asio's loop: sockets and timers are
// Asio's, waits are plain calls. Needs libasio-dev.

#include <asio.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <utility>

#include <tendril/asio.hpp>
#include <tendril/greenlet.hpp>

using asio::ip::tcp;
using namespace std::chrono_literals;

void echo(tcp::socket socket) {
    std::array<char, 1024> data{};
    asio::error_code ended;
    for (;;) {
        const std::size_t n = socket.async_read_some(asio::buffer(data), tendril::use_green[ended]);
        if (ended) {
            return;
        }
        asio::async_write(socket, asio::buffer(data, n), tendril::use_green);
    }
}

void serve(tcp::acceptor& acceptor) {
    for (;;) {
        tendril::spawn_n(echo, acceptor.async_accept(tendril::use_green));
    }
}

int main() {
    asio::io_context io;
    tendril::asio_run(io, [&] {
        tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        const auto server = tendril::spawn([&] { serve(acceptor); });
        for (const std::string_view word : {"hello", "world"}) {
            tcp::socket socket(io);
            socket.async_connect(acceptor.local_endpoint(), tendril::use_green);
            asio::async_write(socket, asio::buffer(word), tendril::use_green);
            std::array<char, 5> answer{};
            asio::async_read(socket, asio::buffer(answer), tendril::use_green);
            std::printf("%.5s\n", answer.data());
            tendril::sleep(1ms);  // the hub's own timers work as well
        }
        server.kill();
    });
}
