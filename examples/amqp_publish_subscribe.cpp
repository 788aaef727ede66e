// SPDX-License-Identifier: MIT
//
// Every subscriber gets every message: an exchange of type fanout, and a queue for each subscriber, which goes with it.
// The argument is the broker's URL.

#include <chrono>
#include <cstdio>
#include <functional>
#include <string>

#include <tendril/amqp/client.hpp>
#include <tendril/greenlet.hpp>

using namespace std::chrono_literals;
using namespace tendril;

// Returns the name of a new queue. What is published from now on comes into it too.
std::string subscribe(amqp::Client& client) {
    const std::string queue = client.declare({.queues = {{"", {.durable = false, .exclusive = true}}}}).front();
    client.declare({.bindings = {{queue, "logs"}}});
    return queue;
}

std::string receive(amqp::Client& client, const std::string& queue) {
    std::string log;
    for (amqp::Delivery& line : client.consumer(queue)) {
        log += "  " + line.body() + "\n";
        if (line.body() == "goodbye") {
            line.ack();
            break;
        }
    }
    return log;
}

int main(int argc, char** argv) {
    amqp::Client client(argc > 1 ? argv[1] : "amqp://localhost", {.topology = {.exchanges = {{"logs", "fanout"}}}});
    // A message for which there is no queue is Unroutable; here it is dropped, as nobody listens.
    amqp::Publisher logs = client.publisher("logs", {.mandatory = false});
    logs.publish("", {.body = "nobody listens"});

    auto screen = spawn(receive, std::ref(client), subscribe(client));
    logs.publish("", {.body = "hello"});
    auto file = spawn(receive, std::ref(client), subscribe(client));
    logs.publish("", {.body = "goodbye"});

    std::printf("on the screen:\n%sin the file:\n%s", screen.get().c_str(), file.get().c_str());
    client.close(10s);
}
