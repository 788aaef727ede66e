// SPDX-License-Identifier: MIT
//
// Subscribers choose: an exchange of type direct, whose queues get the messages with the keys that they are bound by.
// The argument is the broker's URL.

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>

using namespace std::chrono_literals;
using namespace tendril;

std::string subscribe(amqp::Client& client, const std::vector<std::string>& severities) {
    const std::string queue = client.declare({.queues = {{"", {.durable = false, .exclusive = true}}}}).front();
    for (const std::string& severity : severities) {
        client.declare({.bindings = {{queue, "direct_logs", severity}}});
    }
    return queue;
}

std::string receive(amqp::Client& client, const std::string& queue, std::size_t messages) {
    std::string log;
    amqp::Consumer lines = client.consumer(queue);
    for (std::size_t i = 0; i < messages; ++i) {
        amqp::Delivery line = lines.get();
        log += "  " + line.routing_key() + ": " + line.body() + "\n";
        line.ack();
    }
    return log;
}

int main(int argc, char** argv) {
    amqp::Client client(argc > 1 ? argv[1] : "amqp://localhost",
                        {.topology = {.exchanges = {{"direct_logs", "direct"}}}});
    auto screen = spawn(receive, std::ref(client), subscribe(client, {"info", "warning", "error"}), 4);
    auto file = spawn(receive, std::ref(client), subscribe(client, {"error"}), 2);

    amqp::Publisher logs = client.publisher("direct_logs");
    logs.publish("info", {.body = "the day begins"});
    logs.publish("error", {.body = "the disk is full"});
    logs.publish("warning", {.body = "it gets late"});
    logs.publish("error", {.body = "the disk is gone"});
    try {
        logs.publish("debug", {.body = "x = 1"});
    } catch (const amqp::Unroutable&) {
        std::puts("debug: nobody wants it");
    }

    std::printf("on the screen:\n%sin the file:\n%s", screen.get().c_str(), file.get().c_str());
    client.close(10s);
}
