// SPDX-License-Identifier: MIT
//
// Connection, against a broker by script: its life and its ends.

#include <tendril/amqp/connection.hpp>

#include <gtest/gtest.h>

#include <string>

#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>

#include "fake_broker.hpp"
#include "green_test.hpp"

namespace tendril::amqp {
namespace {

using testing::FakeBroker;
using testing::FakePeer;
namespace method = testing::method;

TENDRIL_TEST(AmqpConnection, OpensAndCloses) {
    FakeBroker broker;
    auto script = spawn([&] {
        FakePeer peer = broker.accept({.channel_max = 100, .frame_max = 65536, .heartbeat = 20});
        peer.open_channel(1);
        peer.expect<method::QueueDeclare>(1);
        peer.send(1, method::QueueDeclareOk{"work", 3, 2});
        peer.close_channel(1);
        peer.close_connection();
    });
    Connection connection = connect(broker.url());
    EXPECT_EQ(connection.channel_max(), 100);
    EXPECT_EQ(connection.frame_max(), 65536u);
    EXPECT_EQ(connection.heartbeat(), Duration(std::chrono::seconds(20)));
    EXPECT_EQ(connection.server_properties().get<std::string>("product"), "FakeBroker");
    Channel channel = connection.open_channel();
    EXPECT_EQ(channel.number(), 1);
    const QueueInfo info = channel.declare_queue("work", {.durable = true});
    EXPECT_EQ(info.name, "work");
    EXPECT_EQ(info.messages, 3u);
    EXPECT_EQ(info.consumers, 2u);
    channel.close();
    channel.close();
    EXPECT_FALSE(channel.is_open());
    connection.close();
    connection.close();
    EXPECT_FALSE(connection.is_open());
    script.get();
    EXPECT_THROW(connection.open_channel(), ConnectionLost);
    EXPECT_THROW(channel.purge_queue("work"), ConnectionLost);
}

}  // namespace
}  // namespace tendril::amqp
