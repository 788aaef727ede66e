// SPDX-License-Identifier: MIT
//
// The Asio program of docs/coming-from-asio.md, as its coroutines have it; from_asio.cpp is the same with tendril, and
// prints the same. Needs libasio-dev.

#include <asio.hpp>
#include <asio/experimental/awaitable_operators.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <variant>

using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

awaitable<void> timeout(std::chrono::milliseconds limit) {
    asio::steady_timer timer(co_await asio::this_coro::executor, limit);
    co_await timer.async_wait(use_awaitable);
}

awaitable<void> echo(tcp::socket socket) {
    std::array<char, 1024> data{};
    for (;;) {
        asio::error_code ended;
        const std::size_t n =
            co_await socket.async_read_some(asio::buffer(data), asio::redirect_error(use_awaitable, ended));
        if (ended) {
            co_return;
        }
        co_await asio::async_write(socket, asio::buffer(data, n), use_awaitable);
    }
}

awaitable<void> serve(tcp::acceptor& acceptor) {
    for (;;) {
        asio::co_spawn(co_await asio::this_coro::executor, echo(co_await acceptor.async_accept(use_awaitable)),
                       asio::detached);
    }
}

awaitable<void> talk(asio::io_context& io, tcp::endpoint server) {
    tcp::socket socket(io);
    co_await socket.async_connect(server, use_awaitable);
    co_await asio::async_write(socket, asio::buffer(std::string("hello")), use_awaitable);
    std::string answer(5, '\0');
    co_await asio::async_read(socket, asio::buffer(answer), use_awaitable);
    std::puts(answer.c_str());

    // Nobody answers what was not asked.
    const auto which = co_await (asio::async_read(socket, asio::buffer(answer), use_awaitable) || timeout(10ms));
    std::puts(which.index() == 0 ? "never printed" : "nothing within 10 ms");
    io.stop();
}

int main() {
    asio::io_context io;
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    asio::co_spawn(io, serve(acceptor), asio::detached);
    asio::co_spawn(io, talk(io, acceptor.local_endpoint()), asio::detached);
    io.run();
}
