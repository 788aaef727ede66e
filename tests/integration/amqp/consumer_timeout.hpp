// SPDX-License-Identifier: MIT
//
// ConsumerTimeout: lets RabbitMQ end the channel of a message that nobody settled for so long: after 30 minutes by
// itself, which it looks at once a minute. Channels that are opened while it lives are looked at more often.

#pragma once

#include <chrono>
#include <string>

#include "real_broker.hpp"

namespace tendril::amqp::testing {

class ConsumerTimeout {
public:
    explicit ConsumerTimeout(std::chrono::milliseconds after) { set(after, after / 4); }
    ConsumerTimeout(const ConsumerTimeout&) = delete;
    ConsumerTimeout& operator=(const ConsumerTimeout&) = delete;
    ~ConsumerTimeout() { set(std::chrono::minutes(30), std::chrono::minutes(1)); }

private:
    static void set(std::chrono::milliseconds timeout, std::chrono::milliseconds interval) {
        const auto variable = [](const std::string& name, std::chrono::milliseconds value) {
            return "application:set_env(rabbit," + name + "," + std::to_string(value.count()) + ")";
        };
        RealBroker::get().evaluate(variable("consumer_timeout", timeout) + "," +
                                   variable("channel_tick_interval", interval));
    }
};

}  // namespace tendril::amqp::testing
