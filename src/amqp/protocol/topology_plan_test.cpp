// SPDX-License-Identifier: MIT
//
// TQ48, TQ49, TQ51: what is declared, by which names, and what is forgotten; and what is refused before it is sent.

#include "amqp/protocol/topology_plan.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace tendril::amqp::detail {
namespace {

using namespace std::chrono_literals;

Topology shop() {
    return {.exchanges = {{"orders", "topic"}, {"dead", "fanout"}},
            .queues = {{"bills"}, {"letters"}},
            .bindings = {{"bills", "orders", "*.paid"}, {"letters", "orders", "#"}, {"letters", "dead"}},
            .exchange_bindings = {{"dead", "orders", "lost.#"}}};
}

std::string names_of(const Topology& topology) {
    std::string all;
    for (const auto& each : topology.exchanges) {
        all += each.name + " ";
    }
    for (const auto& each : topology.queues) {
        all += each.name + " ";
    }
    for (const auto& each : topology.bindings) {
        all += each.exchange + ">" + each.queue + " ";
    }
    for (const auto& each : topology.exchange_bindings) {
        all += each.exchange + ">>" + each.queue + " ";
    }
    return all;
}

std::vector<std::string> add(TopologyPlan& plan, Topology& topology) {
    std::vector<std::string> names = name_queues(topology);
    for (const Declaration& each : in_order(topology)) {
        plan.add(each);
    }
    return names;
}

std::string refusal(const Topology& topology) {
    try {
        check(topology);
        return "";
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

TEST(AmqpTopologyPlan, KeepsTheOrderAndMergesByName) {
    TopologyPlan plan;
    EXPECT_TRUE(plan.empty());
    Topology first = shop();
    EXPECT_EQ(add(plan, first), (std::vector<std::string>{"bills", "letters"}));
    Topology more{.queues = {{"bills", {.durable = false}}, {"new"}}, .bindings = {{"bills", "orders", "*.paid"}}};
    EXPECT_EQ(add(plan, more), (std::vector<std::string>{"bills", "new"}));
    EXPECT_EQ(names_of(plan.all()),
              "orders dead bills letters new orders>bills orders>letters dead>letters orders>>dead ");
    EXPECT_FALSE(plan.all().queues[0].options.durable) << "the later one counts";
    EXPECT_TRUE(plan.has_queue("new"));
    EXPECT_FALSE(plan.has_queue("old"));
}

TEST(AmqpTopologyPlan, ForgetsWithTheBindings) {
    TopologyPlan plan;
    Topology all = shop();
    add(plan, all);
    plan.remove_queue("bills");
    EXPECT_EQ(names_of(plan.all()), "orders dead letters orders>letters dead>letters orders>>dead ");
    plan.remove_binding({"letters", "orders", "#"});
    EXPECT_EQ(names_of(plan.all()), "orders dead letters dead>letters orders>>dead ");
    plan.remove_exchange("dead");
    EXPECT_EQ(names_of(plan.all()), "orders letters ");
    plan.remove_exchange("orders");
    plan.remove_queue("letters");
    EXPECT_TRUE(plan.empty());
}

TEST(AmqpTopologyPlan, NamesQueuesThatHaveNone) {
    TopologyPlan plan;
    Topology one{.queues = {{""}}, .bindings = {{"", "amq.fanout"}}};
    Topology other{.queues = {{""}}};
    const std::string first = add(plan, one).at(0);
    const std::string second = add(plan, other).at(0);
    EXPECT_TRUE(first.starts_with("tendril."));
    EXPECT_NE(first, second);
    EXPECT_EQ(plan.all().bindings.at(0).queue, first);
    EXPECT_EQ(one.queues.at(0).name, first) << "so that the caller declares the same";
    EXPECT_NE(refusal({.bindings = {{"", "amq.fanout"}}}), "");
    EXPECT_NE(refusal({.queues = {{""}, {""}}, .bindings = {{"", "amq.fanout"}}}), "");
}

TEST(AmqpTopologyPlan, ArgumentsOfAQueue) {
    EXPECT_TRUE(arguments_of("q", QueueOptions{}).empty());
    const Table quorum = arguments_of("q", {.type = QueueType::quorum,
                                            .max_length = 10,
                                            .overflow = Overflow::reject_publish,
                                            .message_ttl = 5s,
                                            .dead_letter = "",
                                            .dead_letter_key = "dead",
                                            .delivery_limit = 5,
                                            .single_active = true,
                                            .arguments = {{"x-mine", true}}});
    EXPECT_EQ(quorum, (Table{{"x-mine", true},
                             {"x-queue-type", "quorum"},
                             {"x-max-length", std::int64_t{10}},
                             {"x-overflow", "reject-publish"},
                             {"x-message-ttl", std::int64_t{5000}},
                             {"x-dead-letter-exchange", ""},
                             {"x-dead-letter-routing-key", "dead"},
                             {"x-delivery-limit", std::int64_t{5}},
                             {"x-single-active-consumer", true}}));
    EXPECT_EQ(arguments_of("q", {.max_bytes = 1 << 20, .expires = 1min, .max_priority = 9}),
              (Table{{"x-max-length-bytes", std::int64_t{1 << 20}},
                     {"x-expires", std::int64_t{60000}},
                     {"x-max-priority", 9}}));
    EXPECT_EQ(arguments_of(ExchangeOptions{.alternate = "lost"}), (Table{{"alternate-exchange", "lost"}}));
}

TEST(AmqpTopologyPlan, RefusesWhatTheBrokerWould) {
    const auto queue = [](QueueOptions options) { return refusal({.queues = {{"q", std::move(options)}}}); };
    EXPECT_NE(queue({.type = QueueType::quorum, .max_priority = 3}).find("only classic queues have priorities"),
              std::string::npos);
    EXPECT_NE(queue({.type = QueueType::quorum, .durable = false}), "");
    EXPECT_NE(queue({.type = QueueType::quorum, .exclusive = true}), "");
    EXPECT_NE(queue({.type = QueueType::stream, .dead_letter = "dead"}), "");
    EXPECT_NE(queue({.delivery_limit = 3}).find("QueueType::quorum"), std::string::npos);
    EXPECT_NE(queue({.expires = 0ms}), "");
    EXPECT_NE(queue({.message_ttl = -1ms}), "");
    EXPECT_NE(queue({.dead_letter_key = "key"}), "");
    EXPECT_NE(refusal({.queues = {{"amq.mine"}}}).find("the broker's"), std::string::npos);
    EXPECT_NE(refusal({.exchanges = {{"amq.direct"}}}), "");
    EXPECT_NE(refusal({.exchanges = {{""}}}), "");
    EXPECT_NE(refusal({.exchanges = {{"e", ""}}}), "");
    EXPECT_NE(refusal({.queues = {{std::string(256, 'q')}}}), "");
    EXPECT_NE(refusal({.bindings = {{"q", ""}}}).find("default exchange"), std::string::npos);
    EXPECT_NE(refusal({.bindings = {{"q", "e", std::string(256, 'k')}}}), "");
    EXPECT_NE(refusal({.exchange_bindings = {{"", "e"}}}), "");
    EXPECT_EQ(refusal(shop()), "");
}

}  // namespace
}  // namespace tendril::amqp::detail
