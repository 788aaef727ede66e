// SPDX-License-Identifier: MIT
//
// A Publisher of a Client, with the reader and writer of its connection, in every order: TQ24, TQ27, TQ28, TQ30, TQ33.
// The test stands for the Client's Keeper: it sets the Publisher up.

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>

#include "amqp/client/client_core.hpp"
#include "amqp/client/publisher_core.hpp"
#include "amqp/protocol/methods.hpp"
#include "amqp/protocol/wire.hpp"
#include "amqp_ending.hpp"
#include "broker_stream.hpp"
#include "interleavings.hpp"

namespace tendril::amqp::detail {
namespace {

using tendril::testing::explore;
using tendril::testing::Order;
using testing::BrokerStream;
using testing::ending;
using testing::is_method;

// What a broker does with the message of this number on its channel.
using Verdict = std::function<void(std::uint64_t number, BrokerStream& broker)>;

void acks(std::uint64_t number, BrokerStream& broker) {
    broker.say(1, method::BasicAck{number, false});
}

struct Publishing {
    explicit Publishing(const PublisherOptions& options, Verdict verdict = acks)
        : publisher(std::make_shared<PublisherCore>(client, "", options)) {
        kept.push_back(*publisher);
        connect(std::move(verdict));
    }
    ~Publishing() {
        publisher->drop();
        connection->close();
    }
    Publishing(const Publishing&) = delete;
    Publishing& operator=(const Publishing&) = delete;

    // As the Keeper does for each new connection.
    void connect(Verdict verdict) {
        broker = std::make_shared<BrokerStream>([this, decide = std::move(verdict), number = std::uint64_t{0}](
                                                    const Frame& frame, BrokerStream& on) mutable {
            if (is_method<method::ConfirmSelect>(frame)) {
                on.say(1, method::ConfirmSelectOk{});
            } else if (is_method<method::BasicPublish>(frame)) {
                ++arrived[std::string(decode_method<method::BasicPublish>(frame.payload).routing_key)];
                decide(++number, on);
            }
        });
        connection.emplace(connect_over(broker, "amqp://localhost", {.heartbeat = std::chrono::seconds(0)}));
        publisher->set_up(ConnectionMaker::core(*connection));
    }

    std::size_t came(std::string_view key) const {
        const auto at = arrived.find(key);
        return at == arrived.end() ? 0 : at->second;
    }

    std::map<std::string, std::size_t, std::less<>> arrived;  // how often, on all connections
    std::shared_ptr<ClientCore> client = std::make_shared<ClientCore>(Url("amqp://localhost"), ClientOptions{});
    tendril::detail::List<Recovered> kept;
    std::shared_ptr<BrokerStream> broker;
    std::optional<Connection> connection;
    std::shared_ptr<PublisherCore> publisher;
};

// One that publishes or waits, and what interrupts it: a kill, or a deadline. In scenes of their own, as all orders of
// both would be too many.
struct Victim {
    bool killed;
    std::string end = "never began";

    const char* name() const { return killed ? "killed" : "late"; }
    Deadline deadline(const Order& order) const { return killed ? never : order.at(1); }
    template <class F>
    auto go(Order& order, F f) {
        return order.go("victim", [this, f = std::move(f)] { end = ending(f); });
    }
};

// TQ27: a window of one. Who is killed, or late, while it waits for a place has sent nothing.
TEST(ModelAmqpPublisher, WhoWaitsForTheWindowSendsNothing) {
    for (const bool killed : {true, false}) {
        const std::string name = std::string("publisher: the window, ") + Victim{killed}.name();
        const auto explored = explore(name, [killed](Order& order) {
            Publishing scene({.window = 1}, [](std::uint64_t, BrokerStream&) {});
            scene.publisher->publish_later("first", nullptr, "text", never);
            Victim victim{killed};
            auto waits =
                victim.go(order, [&] { scene.publisher->publish_later("a", nullptr, "text", victim.deadline(order)); });
            order.go("broker", [&] { acks(1, *scene.broker); });
            if (killed) {
                order.go("killer", [&] { waits.kill(); });
            }
            order.finish();
            order.saw(victim.end);
            scene.connection->close();  // sends what was appended
            EXPECT_EQ(scene.came("first"), 1u);
            EXPECT_EQ(scene.came("a"), victim.end == "done" ? 1u : 0u);
        });
        explored.expect_outcomes(killed ? "done, killed, never began" : "done, late");
    }
}

// TQ28, TQ30: the connection is lost while a message is unconfirmed. A caller that is killed or late before the next
// one is there has sent it all the same; one that waits gets the broker's word on the next.
TEST(ModelAmqpPublisher, ALossIsNobodysLoss) {
    for (const std::string_view what : {"killed", "late", "patient"}) {
        const auto explored = explore("publisher: a loss, " + std::string(what), [what](Order& order) {
            Publishing scene({});
            Victim victim{what != "late"};
            auto publishes = victim.go(order, [&] {
                scene.publisher->publish_later("a", nullptr, "text", never).get(victim.deadline(order));
            });
            order.go("loss", [&] {
                scene.broker->hang_up();
                if (what == "killed") {
                    yield();  // to others; the victim need not be among them
                    publishes.kill();
                }
            });
            bool again = false;
            order.finish([&] {
                scene.connect(acks);
                return !std::exchange(again, true);
            });
            if (!again) {
                scene.connect(acks);
            }
            scene.publisher->flush(never);
            EXPECT_EQ(scene.publisher->unsettled(), 0u);
            if (victim.end == "done" || victim.end == "unconfirmed") {
                EXPECT_GE(scene.came("a"), 1u);
            }
            order.saw(victim.end);
        });
        explored.expect_outcomes(what == "killed" ? "killed, never began"
                                 : what == "late" ? "done, unconfirmed"
                                                  : "done");
    }
}

// TQ33, TQ24: flush() ends when all that was published before it is settled, by whatever word; its own kill or deadline
// changes nothing for others.
TEST(ModelAmqpPublisher, FlushWaitsForAllBeforeIt) {
    for (const bool killed : {true, false}) {
        const std::string name = std::string("publisher: flush, ") + Victim{killed}.name();
        const auto explored = explore(name, [killed](Order& order) {
            Publishing scene({}, [](std::uint64_t, BrokerStream&) {});
            scene.publisher->publish_later("a", nullptr, "text", never);
            scene.publisher->publish_later("b", nullptr, "text", never);
            while (killed && scene.came("b") == 0) {  // whether both are sent yet: in the orders of the deadline
                yield();
            }
            Victim victim{killed};
            auto flushes = victim.go(order, [&] { scene.publisher->flush(victim.deadline(order)); });
            order.go("broker", [&] {
                scene.broker->say(1, method::BasicNack{.delivery_tag = 2});
                order.pause();
                acks(1, *scene.broker);
            });
            if (killed) {
                order.go("killer", [&] { flushes.kill(); });
            }
            order.finish();
            const std::string last = ending([&] { scene.publisher->flush(never); });
            EXPECT_EQ(scene.publisher->unsettled(), 0u);
            order.saw(victim.end + ", then " + last);
        });
        explored.expect_outcomes(killed ? "killed, then nacked, nacked, then done, never began, then nacked"
                                        : "late, then nacked, nacked, then done");
    }
}

}  // namespace
}  // namespace tendril::amqp::detail
