// SPDX-License-Identifier: MIT
//
// What green threads of an amqp::Client share, in every order: TQ24, TQ28 (publishing), TQ39 (consuming). The parts are
// the real ones; the broker is the test, which calls what the connection's reader would.

#include <gtest/gtest.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue_error.hpp>

#include "amqp/connection/consumer_core.hpp"
#include "amqp/connection/delivery_maker.hpp"
#include "amqp/protocol/confirms.hpp"
#include "amqp_ending.hpp"
#include "interleavings.hpp"

namespace tendril::amqp::detail {
namespace {

using tendril::testing::explore;
using tendril::testing::Order;
using testing::ending;

// ---- Confirmations

// In two scenes, as all orders of a kill and a deadline would be too many.
TEST(ModelAmqpConfirmation, EachWaiterGetsItsOwnWord) {
    for (const bool killed : {true, false}) {
        const std::string name = std::string("confirmations: ") + (killed ? "a kill" : "a deadline");
        const auto explored = explore(name + ", the broker's word", [killed](Order& order) {
            std::string ends[3] = {"never began", "never began", "never began"};
            Confirms confirms;
            std::vector<Confirmation> sent;
            for (int i = 0; i < 2; ++i) {
                sent.push_back(confirms.add().confirmation());
                confirms.sent();
            }
            auto victim = order.go(
                "victim", [&] { ends[0] = ending([&] { sent[0].get(killed ? Deadline(never) : order.at(1)); }); });
            order.go("waits too", [&] { ends[1] = ending([&] { sent[0].get(); }); });
            order.go("waits", [&] { ends[2] = ending([&] { sent[1].get(); }); });
            order.go("broker", [&] {
                EXPECT_TRUE(confirms.nacked(2, false));
                order.pause();
                EXPECT_TRUE(confirms.acked(1, false));
            });
            if (killed) {
                order.go("killer", [&] { victim.kill(); });
            }
            order.finish();
            EXPECT_EQ(ends[1], "done");
            EXPECT_EQ(ends[2], "nacked");
            EXPECT_EQ(confirms.unsettled(), 0u);
            order.saw(ends[0]);
        });
        explored.expect_outcomes(killed ? "done, killed, never began" : "done, unconfirmed");
    }
}

// ---- A consumer

// Deliveries of no channel, so settled.
Delivery delivery(std::string body) {
    auto received = std::make_unique<Received>();
    received->message.body = std::move(body);
    return DeliveryMaker::make(nullptr, {.tag = 0, .redelivered = false, .no_ack = true}, std::move(received));
}

class Consuming final : public ConsumerCore {
public:
    Consuming() : ConsumerCore("bills", {}) {}
    void cancelled() noexcept override {}
    void ended(const std::exception_ptr&) noexcept override {}
    void close(Deadline) override { drop(); }
    void subscribe_anew(const ConsumeOptions&, Deadline) override {}
    void drop() noexcept override { finish(std::make_exception_ptr(ShutDown())); }
};

TEST(ModelAmqpConsumer, NoDeliveryIsLostOrTwice) {
    const auto explored = explore("consumer: kill, deadline and deliveries", [](Order& order) {
        Consuming consumer;
        std::string got;
        std::string ends[3] = {"never began", "never began", "never began"};
        const auto get = [&](Deadline deadline) { got += consumer.get(deadline).body(); };
        auto dies = order.go("dies", [&] { ends[0] = ending([&] { get(never); }); });
        order.go("late", [&] { ends[1] = ending([&] { get(order.at(1)); }); });
        order.go("broker", [&] {
            consumer.deliver(delivery("a"));
            order.pause();
            consumer.deliver(delivery("b"));
        });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        std::string left;
        while (std::optional<Delivery> each = consumer.try_get()) {
            left += each->body();
        }
        const std::string all = got + left;
        EXPECT_TRUE(all == "ab" || all == "ba") << all;
        order.saw("dies " + ends[0]);
        order.saw("late " + ends[1]);
    });
    explored.expect_outcomes("dies done, dies killed, dies never began, late done, late late");
}

TEST(ModelAmqpConsumer, AnEndComesBehindWhatIsThere) {
    const auto explored = explore("consumer: its end", [](Order& order) {
        Consuming consumer;
        std::string ends[2] = {"never began", "never began"};
        for (int i = 0; i < 2; ++i) {
            order.go("getter", [&, i] { ends[i] = ending([&] { consumer.get(never); }); });
        }
        order.go("broker", [&] { consumer.deliver(delivery("a")); });
        order.go("end", [&] { consumer.drop(); });
        order.finish();
        const bool got = ends[0] == "done" || ends[1] == "done";
        EXPECT_TRUE(ends[0] == "shut down" || ends[1] == "shut down");
        order.saw(got ? "got" : "not got");
    });
    explored.expect_outcomes("got, not got");
}

}  // namespace
}  // namespace tendril::amqp::detail
