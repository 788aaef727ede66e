// SPDX-License-Identifier: MIT

#include "amqp/work/patient_publish.hpp"

#include <algorithm>
#include <chrono>

#include <tendril/amqp/error.hpp>
#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue_error.hpp>

namespace tendril::amqp::detail {

void publish_patiently(Publisher& publisher, std::string_view key, const Message& message, Deadline deadline) {
    using std::chrono::nanoseconds;
    constexpr nanoseconds longest_pause = std::chrono::seconds(1);
    for (nanoseconds pause = std::chrono::milliseconds(10);; pause = std::min(2 * pause, longest_pause)) {
        try {
            publisher.publish(key, message, deadline);
            return;
        } catch (const Nacked&) {  // full: the broker refused it
        } catch (const TimeoutError&) {
            throw Full();  // nothing was sent
        }
        sleep(std::min(pause, deadline.remaining()));
        if (deadline.passed()) {
            throw Full();
        }
    }
}

}  // namespace tendril::amqp::detail
