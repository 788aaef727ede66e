// SPDX-License-Identifier: MIT
//
// The calls of an AMQP channel, with the reader and writer of its connection, in every order: TQ11 to TQ14, TQ29, TQ35,
// TQ37.

#include <tendril/amqp/connection.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>

#include "amqp/protocol/methods.hpp"
#include "amqp/protocol/wire.hpp"
#include "amqp_ending.hpp"
#include "broker_stream.hpp"
#include "interleavings.hpp"

namespace tendril::amqp {
namespace {

using tendril::testing::explore;
using tendril::testing::Order;
using testing::BrokerScene;
using testing::BrokerStream;
using testing::ending;
using testing::is_method;
namespace method = detail::method;

// In two scenes, as all orders of a kill and a deadline would be too many.
TEST(ModelAmqp, EachCallerGetsItsOwnAnswer) {
    for (const bool killed : {true, false}) {
        const std::string name = std::string("amqp: each caller gets its own answer, ") + (killed ? "a kill" : "late");
        const auto explored = explore(name, [killed](Order& order) {
            BrokerScene scene([](const detail::Frame& frame, BrokerStream& broker) {
                const auto declare = detail::decode_method<method::QueueDeclare>(frame.payload);
                broker.say(1, method::QueueDeclareOk{declare.queue, 0, 0});
            });
            std::string end = "never began";
            const auto declares = [&](const std::string& queue, Deadline deadline) {
                EXPECT_EQ(scene.channel.declare_queue(queue, {}, deadline).name, queue);
            };
            auto victim = order.go(
                "victim", [&] { end = ending([&] { declares("1", killed ? Deadline(never) : order.at(1)); }); });
            order.go("other", [&] { declares("2", never); });
            if (killed) {
                order.go("killer", [&] { victim.kill(); });
            }
            order.finish();
            order.saw(end);
            declares("3", never);
            scene.end();
        });
        explored.expect_outcomes(killed ? "done, killed, never began" : "done, late");
    }
}

// Every message that the broker hands over is taken by one caller, or goes back.
TEST(ModelAmqp, AKilledGetLosesNoMessage) {
    const auto explored = explore("amqp: a killed get", [](Order& order) {
        std::uint64_t handed = 0;
        std::set<std::uint64_t> back;
        std::set<std::uint64_t> acked;
        BrokerScene scene([&](const detail::Frame& frame, BrokerStream& broker) {
            if (is_method<method::QueuePurge>(frame)) {
                broker.say(1, method::QueuePurgeOk{});
            } else if (is_method<method::BasicGet>(frame)) {
                broker.say(1, method::BasicGetOk{++handed, false, "", "q", 0}, Message{.body = "m"});
            } else if (is_method<method::BasicReject>(frame)) {
                EXPECT_TRUE(back.insert(detail::decode_method<method::BasicReject>(frame.payload).delivery_tag).second);
            } else if (is_method<method::BasicAck>(frame)) {
                const auto ack = detail::decode_method<method::BasicAck>(frame.payload);
                for (std::uint64_t tag = ack.multiple ? 1 : ack.delivery_tag; tag <= ack.delivery_tag; ++tag) {
                    if (!back.contains(tag)) {
                        acked.insert(tag);
                    }
                }
            }
        });
        std::string end = "never began";
        std::set<std::uint64_t> taken;
        const auto take = [&](Delivery& got) {
            EXPECT_TRUE(got.ack());
            taken.insert(got.tag());
        };
        auto dies = order.go("dies", [&] {
            end = ending([&] {
                std::optional<Delivery> got = scene.channel.get("q");
                yield();  // where a kill gives it back
                take(*got);
            });
        });
        std::optional<Delivery> others;
        order.go("other", [&] { others = scene.channel.get("q"); });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        take(*others);
        scene.channel.purge_queue("q");  // behind all answers
        order.saw(end + (back.empty() ? "" : ", one went back"));
        scene.end();
        EXPECT_EQ(acked, taken);
        EXPECT_EQ(acked.size() + back.size(), handed);
    });
    explored.expect_outcomes("done, killed, killed, one went back, never began");
}

// Settles tags as a broker would.
struct Settled {
    std::set<std::uint64_t> open;
    std::set<std::uint64_t> acked;
    std::set<std::uint64_t> back;

    void hear(const testing::Frame& frame) {
        if (is_method<method::BasicReject>(frame)) {
            const std::uint64_t tag = detail::decode_method<method::BasicReject>(frame.payload).delivery_tag;
            EXPECT_EQ(open.erase(tag), 1u) << tag;
            back.insert(tag);
        } else if (is_method<method::BasicAck>(frame)) {
            const auto ack = detail::decode_method<method::BasicAck>(frame.payload);
            const auto first = ack.multiple ? open.begin() : open.find(ack.delivery_tag);
            const auto last = open.upper_bound(ack.delivery_tag);
            EXPECT_NE(first, last) << "nothing to ack through " << ack.delivery_tag;
            acked.insert(first, last);
            open.erase(first, last);
        }
    }
};

// TQ37: whatever the writer's turns are, an ack covers nothing that somebody holds, or that went back.
TEST(ModelAmqp, AnAckCoversNoDeliveryThatIsNotSettled) {
    const auto explored = explore("amqp: acks of a run", [](Order& order) {
        Settled settled;
        std::size_t frames = 0;
        BrokerScene scene([&](const testing::Frame& frame, BrokerStream& broker) {
            if (is_method<method::BasicGet>(frame)) {
                const std::uint64_t tag = settled.open.size() + 1;
                settled.open.insert(tag);
                broker.say(1, method::BasicGetOk{tag, false, "", "q", 0}, Message{.body = "m"});
            } else if (frame.type == testing::FrameType::method) {
                settled.hear(frame);
                ++frames;
            }
        });
        std::vector<std::optional<Delivery>> got;
        for (int i = 0; i < 4; ++i) {
            got.push_back(scene.channel.get("q"));
        }
        order.go("acks 1 and 3", [&] {
            got[0]->ack();
            order.pause();
            got[2]->ack();
        });
        order.go("acks or gives back 2", [&] {
            if (order.choose(2) == 0) {
                got[1]->ack();
            } else {
                got[1].reset();
            }
        });
        order.finish();
        scene.end();
        order.saw(std::to_string(frames));
        EXPECT_EQ(settled.open, std::set<std::uint64_t>{4});
        EXPECT_EQ(settled.acked.size() + settled.back.size(), 3u);
        EXPECT_TRUE(settled.acked.contains(1) && settled.acked.contains(3));
        EXPECT_FALSE(got[3]->ack()) << "the connection is gone";
    });
    explored.expect_outcomes("1, 2, 3");
}

// TQ11: a consumer whose deliveries nobody gets, or a confirmation that nobody awaits with the message that came back,
// hold up no call of another channel. In two scenes, as all orders of both would be too many.
TEST(ModelAmqp, NobodysPaceHoldsUpTheReader) {
    for (const bool consumes : {true, false}) {
        const std::string name = std::string("amqp: nobody gets what comes, ") + (consumes ? "deliveries" : "a return");
        const auto explored = explore(name, [consumes](Order& order) {
            BrokerScene scene([](const testing::Frame& frame, BrokerStream& broker) {
                if (is_method<method::BasicQos>(frame)) {
                    broker.say(frame.channel, method::BasicQosOk{});
                } else if (is_method<method::BasicConsume>(frame)) {
                    const auto consume = detail::decode_method<method::BasicConsume>(frame.payload);
                    broker.say(1, method::BasicConsumeOk{consume.consumer_tag});
                    for (std::uint64_t tag = 1; tag <= 2; ++tag) {
                        broker.say(1, method::BasicDeliver{consume.consumer_tag, tag, false, "", "q"},
                                   Message{.body = "m"});
                    }
                } else if (is_method<method::ConfirmSelect>(frame)) {
                    broker.say(1, method::ConfirmSelectOk{});
                } else if (frame.type == testing::FrameType::body) {
                    broker.say(1, method::BasicReturn{312, "NO_ROUTE", "", "nowhere"}, Message{.body = "m"});
                    broker.say(1, method::BasicAck{1, false});
                } else if (is_method<method::QueueDeclare>(frame)) {
                    broker.say(2, method::QueueDeclareOk{"q", 0, 0});
                }
            });
            Channel other = scene.connection.open_channel();
            std::optional<Consumer> consumer;
            std::optional<Confirmation> unasked;
            if (consumes) {
                order.go("consumes", [&] { consumer = scene.channel.consume("q", {.prefetch = 2}); });
            } else {
                scene.channel.select_confirms();
                order.go("publishes",
                         [&] { unasked = scene.channel.publish("", "nowhere", {.body = "m"}, {.mandatory = true}); });
            }
            order.go("declares", [&] { EXPECT_EQ(other.declare_queue("q").name, "q"); });
            order.finish();
            other.declare_queue("q");  // behind all that came
            if (consumes) {
                EXPECT_TRUE(consumer->try_get().has_value());
            } else {
                EXPECT_TRUE(unasked->ready());
                EXPECT_THROW(unasked->get(), Unroutable);
            }
            order.saw("answered");
            consumer.reset();
            scene.end();
        });
        explored.expect_outcomes("answered");
    }
}

// ---- A connection that the broker blocks

struct BlockedScene : BrokerScene {
    BlockedScene()
        : BrokerScene([this](const testing::Frame& frame, BrokerStream&) {
              if (is_method<method::BasicPublish>(frame)) {
                  arrived.emplace(detail::decode_method<method::BasicPublish>(frame.payload).routing_key);
              }
          }) {
        broker->say(0, method::ConnectionBlocked{"low on memory"});
        while (!connection.blocked()) {
            yield();
        }
    }
    std::string publish(std::string_view key, Deadline deadline) {
        return ending([&] { channel.publish("", key, {.body = "m"}, {}, deadline); });
    }
    std::set<std::string, std::less<>> arrived;
};

// TQ29: what waits is sent when the broker takes messages again, unless it was killed or late: then it is not. In two
// scenes, as all orders of both would be too many.
TEST(ModelAmqpBlocked, WhoWaitsGoesOnOrSendsNothing) {
    for (const bool killed : {true, false}) {
        const std::string name = std::string("amqp blocked: ") + (killed ? "a kill" : "a deadline");
        const auto explored = explore(name, [killed](Order& order) {
            BlockedScene scene;
            std::string end = "never began";
            auto waits = order.go("waits", [&] { end = scene.publish("a", killed ? never : order.at(1)); });
            order.go("broker", [&] { scene.broker->say(0, method::ConnectionUnblocked{}); });
            if (killed) {
                order.go("killer", [&] { waits.kill(); });
            }
            order.finish();
            scene.end();  // sends what was appended
            EXPECT_FALSE(scene.connection.blocked());
            EXPECT_EQ(scene.arrived.contains("a"), end == "done") << end;
            order.saw(end);
        });
        explored.expect_outcomes(killed ? "done, killed, never began" : "done, late");
    }
}

// TQ15, TQ29: the end of a blocked connection is told to who waits, whatever ends it. In two scenes: a kill of close(),
// which the broker may answer; and its deadline beside a loss, where the broker reads nothing.
TEST(ModelAmqpBlocked, ItsEndIsToldToWhoWaits) {
    for (const bool killed : {true, false}) {
        const std::string name = std::string("amqp blocked: close, ") + (killed ? "a kill in it" : "a loss");
        const auto explored = explore(name, [killed](Order& order) {
            BlockedScene scene;
            std::string ends[2] = {"never began", "never began"};
            if (!killed) {
                scene.broker->read_no_more();
            }
            order.go("waits", [&] { ends[0] = scene.publish("a", never); });
            auto closes = order.go("closes", [&] {
                ends[1] = ending([&] { scene.connection.close(killed ? Deadline(never) : order.at(1)); });
            });
            order.go("ends", [&] {
                if (killed) {
                    closes.kill();
                } else {
                    scene.broker->hang_up();
                }
            });
            order.finish([&] {  // nothing has ended it
                EXPECT_EQ(ends[1], "never began");
                scene.connection.close(order.at(2));
                return true;
            });
            order.saw("waits " + ends[0]);
            order.saw("closes " + ends[1]);
            scene.end();
            EXPECT_FALSE(scene.connection.is_open());
            EXPECT_TRUE(scene.arrived.empty());
        });
        explored.expect_outcomes(killed ? "closes done, closes killed, closes never began, waits lost"
                                        : "closes done, waits lost");
    }
}

}  // namespace
}  // namespace tendril::amqp
