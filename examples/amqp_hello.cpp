// SPDX-License-Identifier: MIT
//
// The smallest program with RabbitMQ: a message into a queue, and out of it again. The argument is the broker's URL.

#include <chrono>
#include <cstdio>

#include <tendril/amqp/client.hpp>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
    using namespace tendril;

    // It declares the queue, now and whenever it must connect again.
    amqp::Client client(argc > 1 ? argv[1] : "amqp://localhost", {.topology = {.queues = {{"hello"}}}});

    // "" is the default exchange, where the routing key is the name of a queue. Waits until the broker has it.
    client.publisher("").publish("hello", {.body = "Hello World!"});

    amqp::Consumer consumer = client.consumer("hello");
    amqp::Delivery delivery = consumer.get(10s);
    std::printf("received %s\n", delivery.body().c_str());
    delivery.ack();  // until then the broker keeps it

    client.close(10s);
}
