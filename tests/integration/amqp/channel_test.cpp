// SPDX-License-Identifier: MIT
//
// Channel, against RabbitMQ: declarations, messages and their settling, errors. Rows of ../shared/amqp-rows.md by their
// ids.

#include <tendril/amqp/channel.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tendril/amqp/connection.hpp>
#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>

#include "green_test.hpp"
#include "real_broker.hpp"

namespace tendril::amqp {
namespace {

using namespace std::chrono_literals;
using testing::RealBroker;

// A channel with a queue of its own.
struct Scene {
    Connection connection = connect(RealBroker::get().url());
    Channel channel = connection.open_channel();
    // A name of ours: those that the broker makes cannot be declared again.
    const std::string queue = channel.declare_queue("real." + std::to_string(++count), {.exclusive = true}).name;
    static inline int count = 0;

    // Waits until the broker has put it into the queue.
    std::optional<Delivery> arrived() {
        for (;;) {
            if (std::optional<Delivery> one = channel.get(queue)) {
                return one;
            }
            sleep(1ms);
        }
    }
};

Table all_types() {
    Table table{{"t", true},
                {"I", std::int32_t{-5}},
                {"l", std::int64_t{-5'000'000'000}},
                {"d", 1.5},
                {"D", Decimal{2, 314}},
                {"S", "text \xc3\xa4"},
                {"x", ByteString{std::string("\0\xff", 2)}},
                {"T", Timestamp{1'700'000'000}},
                {"V", Value()},
                {"A", Array{Value(1), Value("two"), Value(Array{Value(3.5)})}},
                {"F", Table{{"inside", Table{{"deeper", false}}}}}};
    table.set("b", Value::exactly(std::int8_t{-1}));
    table.set("B", Value::exactly(std::uint8_t{200}));
    table.set("s", Value::exactly(std::int16_t{-300}));
    table.set("u", Value::exactly(std::uint16_t{60000}));
    table.set("i", Value::exactly(std::uint32_t{4'000'000'000}));
    table.set("f", Value::exactly(0.5F));
    return table;
}

TENDRIL_TEST(RealChannel, TQ02_HeadersOfAllTypesComeBackEqual) {
    Scene scene;
    const Message sent{.body = "body",
                       .properties = {.content_type = "text/plain",
                                      .content_encoding = "identity",
                                      .headers = all_types(),
                                      .persistent = true,
                                      .priority = 3,
                                      .correlation_id = "correlation",
                                      .reply_to = "reply",
                                      .expiration = 60s,
                                      .message_id = "id",
                                      .timestamp = Timestamp{1'700'000'000},
                                      .type = "type",
                                      .user_id = "guest",
                                      .app_id = "app"}};
    scene.channel.publish("", scene.queue, sent);
    std::optional<Delivery> got = scene.arrived();
    EXPECT_EQ(got->message(), sent);
    EXPECT_EQ(got->routing_key(), scene.queue);
    EXPECT_EQ(got->exchange(), "");
    EXPECT_FALSE(got->redelivered());
    EXPECT_TRUE(got->ack());
    scene.connection.close();
}

TENDRIL_TEST(RealChannel, TQ02_WhatCannotBeEncodedIsRefusedAndNothingIsSent) {
    Scene scene;
    const std::string longer(256, 'n');
    EXPECT_THROW(scene.channel.publish("", longer, {.body = "x"}), std::invalid_argument);
    EXPECT_THROW(scene.channel.declare_queue(longer), std::invalid_argument);
    EXPECT_THROW(scene.channel.publish("", scene.queue, {.properties = {.message_id = longer}}), std::invalid_argument);
    EXPECT_THROW(Table().set(longer, 1), std::invalid_argument);
    EXPECT_THROW(Value(UINT64_MAX), std::invalid_argument);
    EXPECT_EQ(scene.channel.declare_queue(scene.queue, {.exclusive = true, .passive = true}).messages, 0u);
    scene.connection.close();
}

TENDRIL_TEST(RealChannel, TQ05_BodiesOfAnySizeComeBackWhole) {
    Connection connection = connect(RealBroker::get().url(), {.frame_max = 8192});
    Channel channel = connection.open_channel();
    const std::string queue = channel.declare_queue("", {.exclusive = true}).name;
    for (const std::size_t size : {0, 1, 8183, 8184, 8185, 16368, 1'000'000}) {
        std::string body(size, '\0');
        for (std::size_t i = 0; i < size; ++i) {
            body[i] = static_cast<char>(i * 31 >> 3);
        }
        channel.publish("", queue, {.body = body});
        std::optional<Delivery> got;
        while (!(got = channel.get(queue, true))) {
            sleep(1ms);
        }
        EXPECT_EQ(got->body(), body) << size;
    }
    connection.close();
}

TENDRIL_TEST(RealChannel, TQ05_ABodyOverMaxMessageIsNotTakenAndGoesBack) {
    Connection small = connect(RealBroker::get().url(), {.max_message = 1000});
    Channel channel = small.open_channel();
    Scene scene;
    const std::string queue = scene.channel.declare_queue("tq05").name;
    scene.channel.purge_queue(queue);
    scene.channel.publish("", queue, {.body = std::string(1001, 'x')});
    while (scene.channel.declare_queue(queue).messages == 0) {
        sleep(1ms);
    }
    EXPECT_ANY_THROW(channel.get(queue));
    EXPECT_FALSE(channel.is_open());
    EXPECT_TRUE(small.is_open());
    small.close();
    while (scene.channel.declare_queue(queue).messages == 0) {
        sleep(1ms);
    }
    EXPECT_TRUE(scene.channel.get(queue)->redelivered());
    scene.channel.delete_queue(queue);
    scene.connection.close();
}

TENDRIL_TEST(RealChannel, TQ19_AChannelErrorIsItsCallersAndOthersGoOn) {
    Scene scene;
    Channel other = scene.connection.open_channel();
    try {
        other.purge_queue("no such queue");
        FAIL() << "purged";
    } catch (const NotFound& error) {
        EXPECT_EQ(error.code(), 404);
        EXPECT_EQ(error.method(), "queue.purge");
        EXPECT_NE(error.text().find("no such queue"), std::string::npos) << error.text();
    }
    EXPECT_THROW(other.purge_queue(scene.queue), NotFound) << "for good";
    EXPECT_FALSE(other.is_open());

    Channel refused = scene.connection.open_channel();
    EXPECT_THROW(refused.declare_queue("amq.mine"), AccessRefused);

    Connection stranger = connect(RealBroker::get().url());
    Channel locked = stranger.open_channel();
    EXPECT_THROW(locked.declare_queue(scene.queue, {.exclusive = true}), ResourceLocked);
    stranger.close();

    Channel exchanges = scene.connection.open_channel();
    EXPECT_THROW(exchanges.delete_queue(scene.queue, false, true, 0s), TimeoutError) << "given up at once";
    EXPECT_TRUE(exchanges.is_open());
    scene.connection.close();
}

TENDRIL_TEST(RealChannel, TQ22_ADeclarationThatDiffersSaysHow) {
    Scene scene;
    Channel other = scene.connection.open_channel();
    try {
        other.declare_queue(scene.queue, {.exclusive = true, .arguments = {{"x-max-length", 5}}});
        FAIL() << "declared";
    } catch (const PreconditionFailed& error) {
        EXPECT_NE(error.text().find("inequivalent arg 'x-max-length'"), std::string::npos) << error.text();
        EXPECT_EQ(error.method(), "queue.declare");
    }
    scene.connection.close();
}

TENDRIL_TEST(RealChannel, TQ46_GetFindsAMessageOrNothing) {
    Scene scene;
    EXPECT_FALSE(scene.channel.get(scene.queue));
    scene.channel.publish("", scene.queue, {.body = "one"});
    EXPECT_EQ(scene.arrived()->body(), "one");  // destroyed unsettled
    std::optional<Delivery> again = scene.arrived();
    EXPECT_TRUE(again->redelivered());
    EXPECT_TRUE(again->reject());
    EXPECT_FALSE(scene.channel.get(scene.queue));
    scene.connection.close();
}

TENDRIL_TEST(RealChannel, TQ14_AGetThatIsGivenUpLosesNothing) {
    Scene scene;
    constexpr int messages = 50;
    for (int i = 0; i < messages; ++i) {
        scene.channel.publish("", scene.queue, {.body = std::to_string(i)});
    }
    for (int turns = 0; turns < 20; ++turns) {
        auto gets = spawn([&] { scene.channel.get(scene.queue)->ack(); });
        for (int i = 0; i < turns; ++i) {
            yield();
        }
        gets.kill();
        gets.join();
        EXPECT_THROW(scene.channel.get(scene.queue, false, 0s), TimeoutError);
    }
    std::uint32_t left = scene.channel.declare_queue(scene.queue, {.exclusive = true, .passive = true}).messages;
    int got = 0;
    while (scene.channel.get(scene.queue, true)) {
        ++got;
    }
    EXPECT_GE(got, messages - 20);  // a killed one may have got and acked one before
    EXPECT_LE(left, static_cast<std::uint32_t>(messages));
    scene.connection.close();
}

TENDRIL_TEST(RealChannel, TransactionsCommitAndRollBack) {
    Scene scene;
    Channel transaction = scene.connection.open_channel();
    transaction.select_transactions();
    transaction.publish("", scene.queue, {.body = "dropped"});
    transaction.rollback();
    transaction.publish("", scene.queue, {.body = "kept"});
    transaction.commit();
    EXPECT_EQ(scene.channel.get(scene.queue, true)->body(), "kept");
    EXPECT_FALSE(scene.channel.get(scene.queue, true));
    scene.connection.close();
}

TENDRIL_TEST(RealChannel, ExchangesBindAndUnbind) {
    Scene scene;
    Channel& channel = scene.channel;
    channel.declare_exchange("real.topic", "topic", {.auto_delete = true});
    channel.declare_exchange("real.fanout", "fanout");
    channel.bind_exchange("real.topic", "real.fanout", "");
    channel.bind_queue(scene.queue, "real.topic", "a.*");
    channel.select_confirms();
    channel.publish("real.fanout", "a.b", {.body = "in"}, {.mandatory = true}).get();
    EXPECT_THROW(channel.publish("real.fanout", "b.b", {.body = "out"}, {.mandatory = true}).get(), Unroutable);
    channel.unbind_queue(scene.queue, "real.topic", "a.*");
    channel.unbind_exchange("real.topic", "real.fanout", "");
    channel.delete_exchange("real.fanout");
    EXPECT_EQ(scene.arrived()->body(), "in");
    scene.connection.close();
}

TENDRIL_TEST(RealChannel, ConfirmationsOfManyGreenThreads) {
    Scene scene;
    scene.channel.select_confirms();
    std::vector<Greenlet<void>> all;
    for (int i = 0; i < 200; ++i) {
        all.push_back(spawn([&] {
            for (int j = 0; j < 10; ++j) {
                scene.channel.publish("", scene.queue, {.body = "x"}).get();
            }
        }));
    }
    for (const auto& each : all) {
        each.get();
    }
    EXPECT_EQ(scene.channel.purge_queue(scene.queue), 2000u);
    scene.connection.close();
}

TENDRIL_TEST(RealChannel, MandatoryMessagesComeBackToAChannelWithoutConfirms) {
    Scene scene;
    scene.channel.publish("", "no such queue", {.body = "mine"}, {.mandatory = true});
    std::optional<Delivery> returned;
    while (!(returned = scene.channel.try_get_returned())) {
        sleep(1ms);
    }
    EXPECT_EQ(returned->body(), "mine");
    EXPECT_EQ(returned->routing_key(), "no such queue");
    scene.connection.close();
}

TENDRIL_TEST(RealChannel, WhatRabbitMQWouldEndTheConnectionForIsRefused) {
    Scene scene;
    EXPECT_THROW(scene.channel.consume(scene.queue, {.prefetch = 0}), std::invalid_argument);
    EXPECT_TRUE(scene.channel.is_open());
    scene.connection.close();
}

}  // namespace
}  // namespace tendril::amqp
