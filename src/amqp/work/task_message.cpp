// SPDX-License-Identifier: MIT

#include "amqp/work/task_message.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <random>
#include <utility>

namespace tendril::amqp::detail {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view batch_header = "x-batch";
constexpr std::string_view attempt_header = "x-attempt";
constexpr std::string_view attempts_header = "x-attempts";
constexpr std::string_view type_header = "x-exception";

// There is a queue for each: a time to live of each message would let it wait behind those that live longer.
constexpr std::array<std::chrono::seconds, 4> delays{1s, 10s, 60s, 600s};

constexpr std::uint32_t most_dead = 10'000;  // that are kept for people
constexpr auto reply_queue_lasts = 10min;    // without its Pool, which may be reconnecting

Message reply_to(const Request& request, std::string_view type, Message message) {
    message.properties.correlation_id = request.id;
    message.properties.type = type;
    return message;
}

}  // namespace

std::string cancel_exchange(const std::string& name) {
    return name + ".cancel";
}

std::string lost_queue(const std::string& name) {
    return name + ".lost";
}

std::string wait_queue(const std::string& name, std::chrono::seconds delay) {
    return name + ".wait." + std::to_string(delay.count()) + "s";
}

Topology task_topology(const std::string& name, const TaskQueueOptions& options) {
    const std::string dead = name + ".dead";
    QueueOptions requests{.type = QueueType::quorum,
                          .overflow = Overflow::reject_publish,
                          .dead_letter = dead,
                          .delivery_limit = options.deliveries};
    // Copied to the dead queues before it is taken out of this one.
    requests.arguments.set("x-dead-letter-strategy", "at-least-once");
    if (options.capacity != 0) {
        requests.max_length = options.capacity;
    }
    if (options.consumer_timeout) {
        requests.arguments.set("x-consumer-timeout", std::int64_t{options.consumer_timeout->count()});
    }
    Topology all{.exchanges = {{dead, "fanout"}, {cancel_exchange(name), "fanout"}},
                 .queues = {{name, std::move(requests)}, {dead, {.max_length = most_dead}}, {lost_queue(name), {}}},
                 .bindings = {{dead, dead}, {lost_queue(name), dead}}};
    for (const std::chrono::seconds delay : delays) {
        all.queues.push_back(
            {wait_queue(name, delay), {.message_ttl = delay, .dead_letter = "", .dead_letter_key = name}});
    }
    return all;
}

QueueDeclaration results_queue(std::string name) {
    return {std::move(name), {.expires = reply_queue_lasts}};
}

std::string random_id() {
    std::random_device random;
    std::string id;
    for (int i = 0; i < 4; ++i) {
        constexpr std::string_view digits = "0123456789abcdef";
        std::uint32_t bits = random();
        for (int digit = 0; digit < 8; ++digit, bits >>= 4) {
            id += digits[bits & 15];
        }
    }
    return id;
}

std::chrono::seconds retry_delay(Duration backoff, std::uint32_t attempt) noexcept {
    const unsigned doublings = std::min(attempt > 0 ? attempt - 1 : 0, 20u);
    for (const std::chrono::seconds delay : delays) {
        if (backoff.count() <= std::chrono::nanoseconds(delay).count() >> doublings) {
            return delay;
        }
    }
    return delays.back();
}

Request read_request(const Message& message) {
    const Properties& properties = message.properties;
    return {.task = properties.type,
            .id = properties.message_id,
            .reply_to = properties.reply_to,
            .batch = properties.headers.get<std::string>(batch_header).value_or(""),
            .attempt = std::max(properties.headers.get<std::uint32_t>(attempt_header).value_or(1), 1u)};
}

void write_request(const Request& request, Message& message) {
    message.properties.type = request.task;
    message.properties.message_id = request.id;
    message.properties.reply_to = request.reply_to;
    message.properties.headers.set(batch_header, request.batch);
    message.properties.headers.set(attempt_header, Value::exactly(request.attempt));
}

Message next_attempt(const Message& request, std::uint32_t attempt) {
    Message next = request;
    next.properties.headers.set(attempt_header, Value::exactly(attempt));
    for (const char* name :
         {"x-death", "x-first-death-exchange", "x-first-death-queue", "x-first-death-reason", "x-delivery-count"}) {
        next.properties.headers.remove(name);
    }
    return next;
}

Message result_reply(const Request& request, Message result) {
    return reply_to(request, "result", std::move(result));
}

Message error_reply(const Request& request, std::string_view type, std::string_view text) {
    Message error{.body = std::string(text)};
    error.properties.headers.set(type_header, type);
    error.properties.headers.set(attempts_header, Value::exactly(request.attempt));
    return reply_to(request, "error", std::move(error));
}

Message lost_reply(const Request& request, std::string_view why) {
    return reply_to(request, "lost", {.body = std::string(why)});
}

Message progress_reply(const Request& request, double done) {
    Message progress;
    progress.properties.headers.set("x-done", done);
    return reply_to(request, "progress", std::move(progress));
}

ReplyKind kind_of(const Message& reply) noexcept {
    const std::string_view type = reply.properties.type;
    return type == "result"     ? ReplyKind::result
           : type == "error"    ? ReplyKind::error
           : type == "lost"     ? ReplyKind::lost
           : type == "progress" ? ReplyKind::progress
                                : ReplyKind::unknown;
}

std::exception_ptr error_of(const Message& reply) {
    if (kind_of(reply) == ReplyKind::lost) {
        return std::make_exception_ptr(TaskLost(reply.body));
    }
    const Table& headers = reply.properties.headers;
    return std::make_exception_ptr(RemoteError(headers.get<std::string>(type_header).value_or(""), reply.body,
                                               headers.get<std::uint32_t>(attempts_header).value_or(1)));
}

double progress_of(const Message& reply) noexcept {
    return std::clamp(reply.properties.headers.get<double>("x-done").value_or(0), 0.0, 1.0);
}

}  // namespace tendril::amqp::detail
