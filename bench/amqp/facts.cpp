// SPDX-License-Identifier: MIT
//
// What does not depend on the machine's speed: allocations of a warm client, and the memory of a connection that is
// idle. facts PORT prints a line for each: the figure, and what it is.

#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/connection.hpp>

#include "../../tests/support/allocations.hpp"
#include "work.hpp"

namespace {

using namespace tendril;

constexpr int messages = 1000;
const amqp::Message message{.body = std::string(bench::body_size, 'x')};

// The figure for one of `messages`, of the second of two rounds.
template <class F>
void count(const char* what, F round) {
    round();
    const std::size_t before = allocations;
    round();
    std::printf("%.3f allocations for each %s\n", static_cast<double>(allocations - before) / messages, what);
}

void count_channel(const amqp::Url& url) {
    amqp::Connection connection = amqp::connect(url);
    amqp::Channel channel = connection.open_channel();
    const std::string exchange = bench::exchange_without_queue;
    channel.declare_exchange(exchange, "fanout");
    const auto publish = [&] {
        for (int i = 0; i < messages; ++i) {
            channel.publish(exchange, "", message);
        }
        channel.declare_exchange(exchange, "fanout");  // answered behind all of them
    };
    count("publish of a Channel", publish);
    channel.select_confirms();
    count("publish of a Channel with confirmations", publish);
    connection.close();
}

void count_client(const amqp::Url& url) {
    const std::string queue = "bench.facts";
    amqp::Client client(url, {.topology = {.queues = {{queue}}}});
    {
        amqp::Publisher publisher = client.publisher("", {.mandatory = false});
        count("publish of a Publisher", [&] {
            for (int i = 0; i < messages; ++i) {
                publisher.publish_later(queue, message);
            }
            publisher.flush();
        });
    }
    // Without an id, which would be a text to be allocated, as the body is.
    amqp::Publisher anonymous = client.publisher("", {.mandatory = false, .resend = false});
    client.purge_queue(queue);
    for (int i = 0; i < 2 * messages; ++i) {
        anonymous.publish_later(queue, message);
    }
    anonymous.flush();
    amqp::Consumer consumer = client.consumer(queue, {.prefetch = 100});
    count("delivery that is got and acked", [&] {
        for (int i = 0; i < messages; ++i) {
            consumer.get().ack();
        }
    });
    consumer.close();
    client.remove_queue(queue);
    client.close();
}

std::size_t resident_pages() {
    std::FILE* const file = std::fopen("/proc/self/statm", "r");
    unsigned long all = 0;
    unsigned long resident = 0;
    if (file == nullptr || std::fscanf(file, "%lu %lu", &all, &resident) != 2) {
        std::exit(1);
    }
    std::fclose(file);
    return resident;
}

void weigh_connection(const amqp::Url& url) {
    constexpr std::size_t many = 200;
    std::vector<amqp::Connection> idle;
    idle.reserve(2 * many);
    const auto open = [&] {
        for (std::size_t i = 0; i < many; ++i) {
            idle.push_back(amqp::connect(url));
        }
    };
    open();
    const std::size_t before = resident_pages();
    open();
    const std::size_t pages = resident_pages() - before;
    std::printf("%.1f KiB for each idle connection, with its two green threads\n",
                static_cast<double>(pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) / 1024 / many);
    for (amqp::Connection& each : idle) {
        each.close();
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    const amqp::Url url("amqp://127.0.0.1:" + std::string(argv[1]));
    count_channel(url);
    count_client(url);
    weigh_connection(url);
}
