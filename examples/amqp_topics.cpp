// SPDX-License-Identifier: MIT
//
// Subscribers choose by patterns: an exchange of type topic, where keys are words with dots between them, `*` stands
// for one word and `#` for any number of them. The argument is the broker's URL.

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <tendril/amqp/client.hpp>

using namespace std::chrono_literals;
using namespace tendril;

struct Subscriber {
    std::string queue;
    std::string pattern;
};

int main(int argc, char** argv) {
    const std::vector<Subscriber> subscribers{{"topics.all", "#"},
                                              {"topics.kernel", "kern.*"},
                                              {"topics.critical", "*.critical"},
                                              {"topics.disks", "#.disk.#"}};
    amqp::Topology topology{.exchanges = {{"topic_logs", "topic"}}};
    for (const auto& [queue, pattern] : subscribers) {
        topology.queues.push_back({queue});
        topology.bindings.push_back({queue, "topic_logs", pattern});
    }
    amqp::Client client(argc > 1 ? argv[1] : "amqp://localhost", {.topology = topology});

    amqp::Publisher logs = client.publisher("topic_logs");
    for (const char* key : {"kern.info", "kern.critical", "cron.critical", "kern.disk.sda", "disk"}) {
        logs.publish(key, {.body = "something happened"});
    }

    for (const auto& [queue, pattern] : subscribers) {
        std::printf("%s:", pattern.c_str());
        while (auto delivery = client.get(queue)) {  // nothing when the queue is empty
            std::printf(" %s", delivery->routing_key().c_str());
            delivery->ack();
        }
        std::puts("");
        client.remove_queue(queue);
    }
    client.close(10s);
}
