// SPDX-License-Identifier: MIT
//
// What Pools and Workers say to each other, and the broker's part between them. Pure.
//
//   queue `name`          requests; quorum: the broker counts deliveries, and gives up after some
//   exchange `name`.dead  where it puts those: into the queues `name`.dead (for people) and `name`.lost (for workers,
//                         which tell the requester)
//   queues `name`.wait.*  requests that are tried again later, one for each delay, whose end leads back to `name`
//   exchange `name`.cancel  to all workers: batches that nobody waits for any more
//   queue `name`.reply.*  of one Pool: results, errors and progress
//
// A request: type: the task; message_id: its own, the same each time it is tried; reply_to, unless nobody waits; the
// headers x-batch, what it is cancelled by, and x-attempt, from 1. A reply: correlation_id: the request's message_id;
// type: result, error, lost or progress.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <tendril/amqp/message.hpp>
#include <tendril/amqp/pool.hpp>
#include <tendril/amqp/topology.hpp>

namespace tendril::amqp::detail {

Topology task_topology(const std::string& name, const TaskQueueOptions& options);
QueueDeclaration results_queue(std::string name);

std::string cancel_exchange(const std::string& name);
std::string lost_queue(const std::string& name);

// 128 random bits, in hexadecimal digits.
std::string random_id();

// How long a request waits before its next attempt: a delay that there is a queue for. attempt: the one that failed.
std::chrono::seconds retry_delay(Duration backoff, std::uint32_t attempt) noexcept;
std::string wait_queue(const std::string& name, std::chrono::seconds delay);

struct Request {
    std::string_view task;
    std::string_view id;
    std::string_view reply_to;  // empty: nobody waits
    std::string batch;
    std::uint32_t attempt = 1;
};
// Views of the message. Whatever is missing is empty.
Request read_request(const Message& message);
void write_request(const Request& request, Message& message);

// The request once more, for the next attempt.
Message next_attempt(const Message& request, std::uint32_t attempt);

enum class ReplyKind : std::uint8_t { result, error, lost, progress, unknown };

// result: what the task returned, encoded.
Message result_reply(const Request& request, Message result);
Message error_reply(const Request& request, std::string_view type, std::string_view text);
Message lost_reply(const Request& request, std::string_view why);
Message progress_reply(const Request& request, double done);

ReplyKind kind_of(const Message& reply) noexcept;
std::exception_ptr error_of(const Message& reply);  // of an error or lost; RemoteError, TaskLost
double progress_of(const Message& reply) noexcept;

}  // namespace tendril::amqp::detail
