// SPDX-License-Identifier: MIT
//
// Questions by messages, and their answers: a server for Fibonacci's numbers, and callers that ask at the same time.
// The argument is the broker's URL.

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/amqp/error.hpp>
#include <tendril/amqp/rpc.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/pool.hpp>

using namespace std::chrono_literals;
using namespace tendril;

int fib(int n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

amqp::Message answer(const amqp::Message& question) {
    const int n = std::stoi(question.body);
    if (n < 0 || n > 40) {
        throw std::out_of_range("fib wants a number from 0 to 40");
    }
    return {.body = std::to_string(fib(n))};
}

int main(int argc, char** argv) {
    amqp::Client client(argc > 1 ? argv[1] : "amqp://localhost", {.topology = {.queues = {{"fib"}}}});
    auto server = spawn([&] { amqp::serve_rpc(client, "fib", answer); });

    amqp::RpcClient rpc(client);
    const auto ask = [&](int n) {
        const amqp::Message reply = rpc.call("fib", {.body = std::to_string(n)}, 10s);
        const bool failed = reply.properties.type == "error";  // what the server's handler threw
        return "fib(" + std::to_string(n) + (failed ? "): " : ") = ") + reply.body;
    };
    Pool callers(10);
    for (const std::string& line : callers.imap(ask, std::vector{10, 20, 30, -1})) {
        std::puts(line.c_str());
    }

    try {
        rpc.call("gib", {.body = "1"}, 10s);
    } catch (const amqp::Unroutable&) {
        std::puts("nobody serves gib");
    }
    client.close(10s);  // ends the server
    server.get();
}
