// SPDX-License-Identifier: MIT
//
// QueueNames: queues of a test, which share the broker with those of other tests and backends.

#pragma once

#include <string>
#include <vector>

#include <tendril/amqp/client.hpp>

#include "real_broker.hpp"

namespace tendril::amqp::testing {

// They are deleted at the end.
struct QueueNames {
    std::vector<std::string> made;

    QueueNames() = default;
    QueueNames(const QueueNames&) = delete;
    QueueNames& operator=(const QueueNames&) = delete;
    ~QueueNames() {
        Client client(RealBroker::get().url());
        for (const std::string& each : made) {
            client.remove_queue(each);
        }
        client.close();
    }

    // A name that no other test has.
    std::string queue(const std::string& name) {
        static int number = 0;
        made.push_back("test." + name + "." + std::to_string(++number));
        return made.back();
    }
};

}  // namespace tendril::amqp::testing
