// SPDX-License-Identifier: MIT

#include "amqp/work/task_message.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <set>
#include <string>

namespace tendril::amqp::detail {
namespace {

using namespace std::chrono_literals;

TEST(AmqpTaskMessage, ARequestSaysWhatItIs) {
    Message message{.body = "arguments"};
    write_request({.task = "fetch", .id = "1", .reply_to = "q.reply", .batch = "b"}, message);
    const Request got = read_request(message);
    EXPECT_EQ(got.task, "fetch");
    EXPECT_EQ(got.id, "1");
    EXPECT_EQ(got.reply_to, "q.reply");
    EXPECT_EQ(got.batch, "b");
    EXPECT_EQ(got.attempt, 1u);
    EXPECT_EQ(message.body, "arguments");
}

TEST(AmqpTaskMessage, WhatIsMissingIsEmpty) {
    const Message nothing;
    const Request got = read_request(nothing);
    EXPECT_TRUE(got.task.empty() && got.id.empty() && got.reply_to.empty() && got.batch.empty());
    EXPECT_EQ(got.attempt, 1u);
    Message odd;
    odd.properties.headers = {{"x-attempt", -5}, {"x-batch", 7}};
    EXPECT_EQ(read_request(odd).attempt, 1u);
    EXPECT_EQ(kind_of(nothing), ReplyKind::unknown);
    EXPECT_EQ(progress_of(nothing), 0.0);
}

TEST(AmqpTaskMessage, TQ58_TheNextAttemptIsTheSameRequestCountedOn) {
    Message message{.body = "arguments"};
    write_request({.task = "fetch", .id = "1", .reply_to = "r", .batch = "b"}, message);
    message.properties.headers.set("x-death", Array{});
    const Message next = next_attempt(message, 2);
    EXPECT_EQ(read_request(next).attempt, 2u);
    EXPECT_EQ(read_request(next).id, "1");
    EXPECT_EQ(next.body, "arguments");
    EXPECT_EQ(next.properties.headers.find("x-death"), nullptr) << "its deaths were those of the first";
}

TEST(AmqpTaskMessage, TQ58_DelaysDoubleAndHaveQueues) {
    EXPECT_EQ(retry_delay(0ms, 1), 1s);
    EXPECT_EQ(retry_delay(1s, 1), 1s);
    EXPECT_EQ(retry_delay(1s, 2), 10s);
    EXPECT_EQ(retry_delay(1s, 4), 10s) << "8 s";
    EXPECT_EQ(retry_delay(1s, 5), 60s) << "16 s";
    EXPECT_EQ(retry_delay(2min, 1), 600s);
    EXPECT_EQ(retry_delay(1s, 1'000'000), 600s);
    EXPECT_EQ(retry_delay(forever, 1), 600s);
    std::set<std::string> queues;
    for (const QueueDeclaration& queue : task_topology("q", {}).queues) {
        queues.insert(queue.name);
    }
    for (const std::chrono::seconds delay : {1s, 10s, 60s, 600s}) {
        EXPECT_EQ(queues.count(wait_queue("q", delay)), 1u);
    }
}

TEST(AmqpTaskMessage, RepliesSayHowItEnded) {
    const Request request{.task = "fetch", .id = "1", .reply_to = "r", .batch = "b", .attempt = 3};
    EXPECT_EQ(kind_of(result_reply(request, {.body = "7"})), ReplyKind::result);
    EXPECT_EQ(result_reply(request, {.body = "7"}).properties.correlation_id, "1");
    EXPECT_EQ(progress_of(progress_reply(request, 0.25)), 0.25);
    EXPECT_EQ(progress_of(progress_reply(request, 7)), 1.0);
    try {
        std::rethrow_exception(error_of(error_reply(request, "std::runtime_error", "no such page")));
    } catch (const RemoteError& e) {
        EXPECT_EQ(e.type(), "std::runtime_error");
        EXPECT_STREQ(e.what(), "no such page");
        EXPECT_EQ(e.attempts(), 3u);
    }
    EXPECT_THROW(std::rethrow_exception(error_of(lost_reply(request, "why"))), TaskLost);
}

TEST(AmqpTaskMessage, IdsAreRandom) {
    std::set<std::string> ids;
    for (int i = 0; i < 100; ++i) {
        ids.insert(random_id());
    }
    EXPECT_EQ(ids.size(), 100u);
    EXPECT_EQ(ids.begin()->size(), 32u);
}

TEST(AmqpTaskMessage, TQ44_ALongerTimeIsAskedOfTheBroker) {
    const auto asked = [](const TaskQueueOptions& options) {
        return task_topology("q", options).queues.front().options.arguments.get<std::int64_t>("x-consumer-timeout");
    };
    EXPECT_EQ(asked({}), std::nullopt);
    EXPECT_EQ(asked({.consumer_timeout = 2h}), 7'200'000);
}

}  // namespace
}  // namespace tendril::amqp::detail
