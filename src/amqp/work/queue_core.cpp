// SPDX-License-Identifier: MIT

#include <chrono>
#include <stdexcept>

#include <tendril/amqp/queue.hpp>
#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>

#include "amqp/work/patient_publish.hpp"

namespace tendril::amqp::detail {

namespace {

std::string dead_queue(std::string_view name) {
    return std::string(name) + ".dead";
}

Topology work_topology(const std::string& name, const WorkQueueOptions& options) {
    QueueOptions queue{.type = options.type,
                       .overflow = Overflow::reject_publish,
                       .dead_letter = "",
                       .dead_letter_key = dead_queue(name)};
    if (options.capacity != 0) {
        queue.max_length = options.capacity;
    }
    if (options.type == QueueType::quorum) {
        queue.delivery_limit = options.delivery_limit;
    }
    return {.queues = {{dead_queue(name), {}}, {name, std::move(queue)}}};
}

}  // namespace

QueueCore::QueueCore(Client& client, std::string_view name, const WorkQueueOptions& options, Deadline deadline)
    : client_(client), name_(name), options_(options) {
    if (options.type == QueueType::stream) {
        throw std::invalid_argument("amqp::Queue '" + name_ +
                                    "': a stream gives each item to everybody; use quorum or classic, or a Consumer");
    }
    if (name.empty()) {
        throw std::invalid_argument("amqp::Queue: it needs a name, by which other programs find it");
    }
    client_.declare(work_topology(name_, options_), deadline);
}

Publisher& QueueCore::publisher() {
    if (shut_down_) {
        throw ShutDown();
    }
    if (!publisher_) {
        publisher_.emplace(client_.publisher(""));
    }
    return *publisher_;
}

Consumer& QueueCore::consumer() {
    if (shut_down_) {
        throw ShutDown();
    }
    if (!consumer_) {
        consumer_.emplace(client_.consumer(name_, {.prefetch = options_.prefetch}));
    }
    return *consumer_;
}

void QueueCore::put(const Message& message, Deadline deadline) {
    publish_patiently(publisher(), name_, message, deadline);
}

void QueueCore::put_once(const Message& message) {
    try {
        publisher().publish(name_, message);
    } catch (const Nacked&) {
        throw Full();
    }
}

Confirmation QueueCore::put_later(const Message& message, Deadline deadline) {
    try {
        return publisher().publish_later(name_, message, deadline);
    } catch (const TimeoutError&) {
        throw Full();
    }
}

Delivery QueueCore::get(Deadline deadline) {
    try {
        return consumer().get(deadline);
    } catch (const TimeoutError&) {
        throw Empty();
    }
}

std::optional<Delivery> QueueCore::try_get() {
    return consumer().try_get();
}

void QueueCore::bury(Delivery&& delivery, std::string_view why) {
    publisher();  // while the client is there for certain
    spawn_n([core = shared_from_this(), delivery = std::move(delivery), why = std::string(why)]() mutable {
        try {
            core->bury_now(delivery, why);
            delivery.ack();
        } catch (const ShutDown&) {  // it goes back
        }
    });
}

void QueueCore::bury_now(const Delivery& delivery, const std::string& why) {
    Message copy = delivery.message();
    copy.properties.headers.set("x-error", why);
    copy.properties.expiration.reset();
    publisher().publish(dead_queue(name_), copy);
}

std::uint32_t QueueCore::size(Deadline deadline) {
    return client_.queue_info(name_, deadline).messages;
}

void QueueCore::shutdown() {
    shut_down_ = true;
    if (consumer_) {
        try {
            consumer_->close(Deadline(
                std::chrono::nanoseconds(0)));  // it is closed all the same; nobody waits for the broker's answer
        } catch (const TimeoutError&) {
        }
    }
}

void QueueCore::remove(Deadline deadline) {
    client_.remove_queue(name_, deadline);
    shutdown();
}

}  // namespace tendril::amqp::detail
