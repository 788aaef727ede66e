// SPDX-License-Identifier: MIT
//
// The works of bench/amqp with tendril::amqp, as a program uses it: a Client, its Publishers and Consumers.

#include <chrono>
#include <cstdint>
#include <string>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/rpc.hpp>
#include <tendril/group.hpp>

#include "work.hpp"

namespace {

using namespace tendril;

const amqp::Message message{.body = std::string(bench::body_size, 'x')};

void publish(amqp::Client& client, std::size_t messages) {
    amqp::Publisher publisher =
        client.publisher(bench::exchange_without_queue, {.confirm = false, .mandatory = false, .persistent = false});
    for (std::size_t i = 0; i < messages; ++i) {
        publisher.publish_later("", message);
    }
    client.close();  // says goodbye behind all of them
}

void confirm(amqp::Client& client, std::size_t messages) {
    amqp::Publisher publisher = client.publisher("", {.window = 1000, .mandatory = false});
    for (std::size_t i = 0; i < messages; ++i) {
        publisher.publish_later(bench::queue, message);
    }
    publisher.flush();
}

// By green threads that each await their own.
void confirm(amqp::Client& client, std::size_t messages, std::size_t greenlets) {
    amqp::Publisher publisher = client.publisher("", {.window = 1000, .mandatory = false});
    Group group;
    for (std::size_t i = 0; i < greenlets; ++i) {
        group.spawn([&publisher, n = messages / greenlets] {
            for (std::size_t m = 0; m < n; ++m) {
                publisher.publish(bench::queue, message);
            }
        });
    }
    group.join();
}

void consume(amqp::Client& client, std::size_t messages, std::uint16_t prefetch) {
    amqp::Consumer consumer = client.consumer(bench::queue, {.prefetch = prefetch});
    for (std::size_t i = 0; i < messages; ++i) {
        consumer.get().ack();
    }
    client.close();
}

void rpc(amqp::Client& client, std::size_t messages, bench::Measure& measure) {
    amqp::RpcClient server(client);
    for (std::size_t i = 0; i < messages; ++i) {
        const auto start = std::chrono::steady_clock::now();
        server.call(bench::rpc_queue, message);
        measure.round_trip(std::chrono::steady_clock::now() - start);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const bench::Arguments arguments(argc, argv);
    amqp::Client client("amqp://127.0.0.1:" + std::to_string(arguments.port));
    client.wait_connected();
    bench::Measure measure(arguments.messages);
    if (arguments.work == "publish") {
        publish(client, arguments.messages);
    } else if (arguments.work == "confirm") {
        confirm(client, arguments.messages);
    } else if (arguments.work == "confirm-1" || arguments.work == "confirm-green") {
        confirm(client, arguments.messages, arguments.work == "confirm-1" ? 1 : 1000);
    } else if (arguments.work == "consume" || arguments.work == "consume-1") {
        consume(client, arguments.messages, arguments.work == "consume" ? 1000 : 1);
    } else if (arguments.work == "rpc") {
        rpc(client, arguments.messages, measure);
    } else {
        return bench::no_such_work;
    }
    measure.print();
    client.close();
}
