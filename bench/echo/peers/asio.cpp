// SPDX-License-Identifier: MIT
//
// The echo server on Asio's callbacks, after its own example async_tcp_echo_server.
//
//     bench_echo_asio    prints its port; ends when it is killed

#include <asio.hpp>

#include <array>
#include <cstdio>
#include <memory>
#include <utility>

using asio::ip::tcp;

namespace {

class Session : public std::enable_shared_from_this<Session> {
public:
    explicit Session(tcp::socket socket) : socket_(std::move(socket)) {}

    void read() {
        socket_.async_read_some(asio::buffer(data_),
                                [self = shared_from_this()](asio::error_code error, std::size_t n) {
                                    if (!error) {
                                        self->write(n);
                                    }
                                });
    }

private:
    void write(std::size_t size) {
        asio::async_write(socket_, asio::buffer(data_, size),
                          [self = shared_from_this()](asio::error_code error, std::size_t) {
                              if (!error) {
                                  self->read();
                              }
                          });
    }

    tcp::socket socket_;
    std::array<char, 32768> data_;
};

void accept(tcp::acceptor& acceptor) {
    acceptor.async_accept([&](asio::error_code error, tcp::socket socket) {
        if (!error) {
            std::make_shared<Session>(std::move(socket))->read();
        }
        accept(acceptor);
    });
}

}  // namespace

int main() {
    asio::io_context io;
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    std::printf("%d\n", acceptor.local_endpoint().port());
    std::fflush(stdout);
    accept(acceptor);
    io.run();
}
