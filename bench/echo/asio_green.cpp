// SPDX-License-Identifier: MIT
//
// Asio's echo server with green threads in place of callbacks: its sockets, its loop, tendril's hub inside.
//
//     bench_echo_asio_green    prints its port; ends when it is killed

#include <asio.hpp>

#include <array>
#include <cstdio>

#include <tendril/asio.hpp>
#include <tendril/greenlet.hpp>

using asio::ip::tcp;

namespace {

void echo(tcp::socket socket) {
    std::array<char, 32768> data;
    asio::error_code ended;
    for (;;) {
        const std::size_t n = socket.async_read_some(asio::buffer(data), tendril::use_green[ended]);
        if (ended) {
            return;
        }
        asio::async_write(socket, asio::buffer(data, n), tendril::use_green);
    }
}

}  // namespace

int main() {
    asio::io_context io;
    tendril::asio_run(io, [&] {
        tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        std::printf("%d\n", acceptor.local_endpoint().port());
        std::fflush(stdout);
        for (;;) {
            tendril::spawn_n(echo, acceptor.async_accept(tendril::use_green));
        }
    });
}
