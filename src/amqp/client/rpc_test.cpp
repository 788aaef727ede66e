// SPDX-License-Identifier: MIT
//
// RpcClient and serve_rpc(), against a broker by script: TQ53.

#include <tendril/amqp/rpc.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue_error.hpp>

#include "client_peers.hpp"
#include "green_test.hpp"

namespace tendril::amqp {
namespace {

using namespace std::chrono_literals;
using testing::ClientPeers;
using testing::FakePeer;
using testing::Published;
namespace method = testing::method;

struct Scene {
    ClientPeers peers;
    std::optional<RpcClient> rpc;
    FakePeer p;
    std::string tag;

    explicit Scene(RpcOptions options = {})
        : rpc(std::in_place, *peers.client, std::move(options)), p(peers.accept_publishing()) {
        open();
    }
    void open() {
        p.open_channel(1);
        const auto consume = p.expect<method::BasicConsume>(1);
        EXPECT_EQ(consume.queue, "amq.rabbitmq.reply-to");
        EXPECT_TRUE(consume.no_ack);
        tag = consume.consumer_tag;
        p.send(1, method::BasicConsumeOk{tag});
    }
    auto ask(std::string body, Deadline deadline = never) {
        return spawn([this, body, deadline] { return rpc->call("fib", {.body = body}, deadline).body; });
    }
    void answer(const Published& question, std::string body) {
        p.deliver(
            1, tag, ++answers,
            {.body = std::move(body), .properties = {.correlation_id = question.message.properties.correlation_id}});
    }
    std::uint64_t answers = 0;
};

TENDRIL_TEST(AmqpRpc, EachCallGetsItsOwnAnswer) {
    Scene scene;
    auto a = scene.ask("a");
    auto b = scene.ask("b");
    const Published first = scene.p.expect_publish(1);
    const Published second = scene.p.expect_publish(1);
    EXPECT_EQ(first.message.body, "a");
    EXPECT_EQ(first.exchange, "");
    EXPECT_EQ(first.routing_key, "fib");
    EXPECT_TRUE(first.mandatory);
    EXPECT_EQ(first.message.properties.reply_to, "amq.rabbitmq.reply-to");
    EXPECT_EQ(first.message.properties.persistent, false);
    EXPECT_EQ(scene.rpc->under_way(), 2u);
    scene.answer(second, "B");
    EXPECT_EQ(b.get(), "B");
    EXPECT_FALSE(a.ready());
    scene.answer(first, "A");
    scene.answer(first, "twice");
    EXPECT_EQ(a.get(), "A");
    EXPECT_EQ(scene.rpc->under_way(), 0u);
}

TENDRIL_TEST(AmqpRpc, ALateAnswerIsDropped) {
    Scene scene({.window = 1});
    auto warm = scene.ask("warm");
    scene.answer(scene.p.expect_publish(1), "up");
    EXPECT_EQ(warm.get(), "up");
    auto late = scene.ask("late", Deadline(1ms));
    auto waits = scene.ask("waits");
    const Published question = scene.p.expect_publish(1);
    EXPECT_THROW(late.get(), TimeoutError);
    const Published next = scene.p.expect_publish(1);
    EXPECT_EQ(next.message.body, "waits");
    scene.answer(question, "too late");
    scene.answer(next, "in time");
    EXPECT_EQ(waits.get(), "in time");
    EXPECT_THROW(scene.rpc->call(std::string(256, 'k'), {}), std::invalid_argument);
}

TENDRIL_TEST(AmqpRpc, ANobodysQueueIsUnroutable) {
    Scene scene;
    auto call = scene.ask("anybody?");
    const Published question = scene.p.expect_publish(1);
    scene.p.send(1, method::BasicReturn{312, "NO_ROUTE", "", "fib"}, question.message);
    EXPECT_THROW(call.get(), Unroutable);
}

TENDRIL_TEST(AmqpRpc, ALossIsToldUnlessAskingAgainDoesNoHarm) {
    for (const bool idempotent : {false, true}) {
        Scene scene({.idempotent = idempotent});
        auto call = scene.ask("question");
        scene.p.expect_publish(1);
        scene.p.hang_up();
        scene.p = scene.peers.accept_publishing();
        scene.open();
        if (idempotent) {
            scene.answer(scene.p.expect_publish(1), "at last");
            EXPECT_EQ(call.get(), "at last");
        } else {
            EXPECT_THROW(call.get(), ConnectionLost);
        }
    }
}

TENDRIL_TEST(AmqpRpc, ItsEndIsToldToWhoWaits) {
    Scene scene;
    auto call = scene.ask("question");
    scene.p.expect_publish(1);
    scene.rpc.reset();
    EXPECT_THROW(call.get(), ShutDown);
    scene.p.close_channel(1);
}

TENDRIL_TEST(AmqpRpc, TheServerAnswersThenAcks) {
    ClientPeers peers;
    auto serving = spawn([&] {
        serve_rpc(*peers.client, "fib", [](const Message& question) -> Message {
            if (question.body == "bad") {
                throw std::runtime_error("not a number");
            }
            return {.body = question.body + "!"};
        });
    });
    FakePeer p = peers.accept_publishing();
    peers.c.open_channel(1);
    const std::string tag = peers.c.take_consumer(1);
    p.open_channel(1);
    p.select_confirms(1);
    std::uint64_t n = 0;
    for (const char* question : {"good", "bad"}) {
        peers.c.deliver(1, tag, ++n,
                        {.body = question, .properties = {.correlation_id = "7", .reply_to = "reply-here"}});
        const Published answer = p.expect_publish(1);
        EXPECT_EQ(answer.exchange, "");
        EXPECT_EQ(answer.routing_key, "reply-here");
        EXPECT_FALSE(answer.mandatory);
        EXPECT_EQ(answer.message.properties.correlation_id, "7");
        EXPECT_EQ(answer.message.body, n == 1 ? "good!" : "not a number");
        EXPECT_EQ(answer.message.properties.type, n == 1 ? "" : "error");
        p.send(1, method::BasicAck{n, false});
        EXPECT_EQ(peers.c.expect<method::BasicAck>(1).delivery_tag, n);
    }
    peers.c.deliver(1, tag, 3, {.body = "nobody waits"});
    EXPECT_EQ(peers.c.expect<method::BasicAck>(1).delivery_tag, 3u);
    serving.kill_nowait();
    peers.c.expect<method::BasicCancel>(1);
    peers.c.send(1, method::BasicCancelOk{tag});
    peers.c.close_channel(1);
    serving.join();
}

}  // namespace
}  // namespace tendril::amqp
