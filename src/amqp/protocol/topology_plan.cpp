// SPDX-License-Identifier: MIT

#include "amqp/protocol/topology_plan.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <utility>

#include "amqp/protocol/names.hpp"

namespace tendril::amqp::detail {

namespace {

[[noreturn]] void refuse(std::string_view kind, std::string_view name, std::string_view why) {
    std::string text(kind);
    text += " '";
    text += name;
    text += "': ";
    text += why;
    throw std::invalid_argument(text);
}

void check_name(std::string_view kind, std::string_view name) {
    if (name.size() > longest_name) {
        refuse(kind, name.substr(0, 32), "its name is longer than 255 bytes");
    }
    if (name.starts_with("amq.")) {
        refuse(kind, name,
               "names that begin with 'amq.' are the broker's; choose another, or leave it out of the Topology");
    }
}

void set_milliseconds(Table& table, std::string_view queue, const char* name,
                      const std::optional<std::chrono::milliseconds>& time) {
    if (time.has_value()) {
        if (time->count() < 0) {
            refuse("queue", queue, std::string(name) + " is negative");
        }
        table.set(name, time->count());
    }
}

void check_kind(std::string_view queue, const QueueOptions& options) {
    if (options.type == QueueType::classic) {
        if (options.delivery_limit.has_value()) {
            refuse("queue", queue,
                   "only quorum queues count deliveries; set type = QueueType::quorum, or leave out "
                   "delivery_limit");
        }
        return;
    }
    if (options.max_priority.has_value()) {
        refuse("queue", queue,
               "only classic queues have priorities; leave out max_priority, or have one queue for each "
               "priority");
    }
    if (!options.durable || options.exclusive || options.auto_delete) {
        refuse("queue", queue,
               "quorum queues and streams are durable, neither exclusive nor auto_delete; use "
               "`expires` for one that ends by itself");
    }
    if (options.type == QueueType::stream) {
        if (options.dead_letter.has_value() || options.dead_letter_key.has_value() || options.message_ttl.has_value() ||
            options.delivery_limit.has_value() || options.max_length.has_value() || options.overflow.has_value() ||
            options.expires.has_value() || options.single_active) {
            refuse("queue", queue,
                   "a stream keeps its messages: it has neither dead_letter, message_ttl, expires, "
                   "delivery_limit, max_length, overflow nor single_active; bound it by max_bytes or "
                   "x-max-age in its arguments");
        }
    }
}

template <class Named>
void put(std::vector<Named>& all, const Named& one) {
    const auto at = std::find_if(all.begin(), all.end(), [&](const Named& each) { return each.name == one.name; });
    if (at == all.end()) {
        all.push_back(one);
    } else {
        *at = one;
    }
}

void put_binding(std::vector<Binding>& all, const Binding& one) {
    if (std::find(all.begin(), all.end(), one) == all.end()) {
        all.push_back(one);
    }
}

void check_binding(const Binding& binding) {
    if (binding.exchange.empty()) {
        refuse("binding of", binding.queue,
               "its exchange is empty: the default exchange has a binding for every queue already, by its name");
    }
    if (binding.queue.size() > longest_name || binding.exchange.size() > longest_name ||
        binding.key.size() > longest_name) {
        refuse("binding of", binding.queue.substr(0, 32), "a name or key is longer than 255 bytes");
    }
}

}  // namespace

Table arguments_of(std::string_view queue, const QueueOptions& options) {
    check_kind(queue, options);
    Table table = options.arguments;
    if (options.type != QueueType::classic) {
        table.set("x-queue-type", options.type == QueueType::quorum ? "quorum" : "stream");
    }
    if (options.max_length.has_value()) {
        table.set("x-max-length", std::int64_t{*options.max_length});
    }
    if (options.max_bytes.has_value()) {
        table.set("x-max-length-bytes", *options.max_bytes);
    }
    if (options.overflow.has_value()) {
        table.set("x-overflow", *options.overflow == Overflow::drop_head ? "drop-head" : "reject-publish");
    }
    set_milliseconds(table, queue, "x-message-ttl", options.message_ttl);
    set_milliseconds(table, queue, "x-expires", options.expires);
    if (options.expires.has_value() && options.expires->count() == 0) {
        refuse("queue", queue, "expires is 0; give it a time of 1 ms or more, or leave it out");
    }
    if (options.dead_letter.has_value()) {
        table.set("x-dead-letter-exchange", *options.dead_letter);
    }
    if (options.dead_letter_key.has_value()) {
        if (!options.dead_letter.has_value()) {
            refuse("queue", queue, "dead_letter_key without dead_letter; \"\" is the default exchange");
        }
        table.set("x-dead-letter-routing-key", *options.dead_letter_key);
    }
    if (options.delivery_limit.has_value()) {
        table.set("x-delivery-limit", std::int64_t{*options.delivery_limit});
    }
    if (options.max_priority.has_value()) {
        table.set("x-max-priority", std::int32_t{*options.max_priority});
    }
    if (options.single_active) {
        table.set("x-single-active-consumer", true);
    }
    return table;
}

Table arguments_of(const ExchangeOptions& options) {
    Table table = options.arguments;
    if (!options.alternate.empty()) {
        table.set("alternate-exchange", options.alternate);
    }
    return table;
}

void check(const Topology& topology) {
    for (const ExchangeDeclaration& each : topology.exchanges) {
        if (each.name.empty()) {
            refuse("exchange", each.name, "the default exchange exists already; leave it out of the Topology");
        }
        check_name("exchange", each.name);
        if (each.type.empty() || each.type.size() > longest_name) {
            refuse("exchange", each.name, "its type is missing or too long: direct, fanout, topic or headers");
        }
        static_cast<void>(arguments_of(each.options));
    }
    for (const QueueDeclaration& each : topology.queues) {
        check_name("queue", each.name);
        static_cast<void>(arguments_of(each.name, each.options));
    }
    const auto unnamed = std::count_if(topology.queues.begin(), topology.queues.end(),
                                       [](const QueueDeclaration& each) { return each.name.empty(); });
    for (const Binding& each : topology.bindings) {
        check_binding(each);
        if (each.queue.empty() && unnamed != 1) {
            refuse("binding of", each.queue, "an empty name means the one queue of this Topology that has none");
        }
    }
    for (const Binding& each : topology.exchange_bindings) {
        check_binding(each);
        if (each.queue.empty()) {
            refuse("binding to", each.queue, "nothing can be bound to the default exchange");
        }
    }
}

std::string unique_name(std::string_view prefix) {
    std::random_device random;
    std::string name(prefix);
    for (int i = 0; i < 22; ++i) {  // 6 bits each
        constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        name += letters[random() % letters.size()];
    }
    return name;
}

std::vector<std::string> name_queues(Topology& topology) {
    check(topology);
    std::vector<std::string> names;
    std::string unnamed;
    for (QueueDeclaration& each : topology.queues) {
        if (each.name.empty()) {
            each.name = unnamed = unique_name("tendril.");
        }
        names.push_back(each.name);
    }
    for (Binding& each : topology.bindings) {
        if (each.queue.empty()) {
            each.queue = unnamed;
        }
    }
    return names;
}

std::vector<Declaration> in_order(const Topology& topology) {
    std::vector<Declaration> all(topology.exchanges.begin(), topology.exchanges.end());
    all.insert(all.end(), topology.queues.begin(), topology.queues.end());
    for (const Binding& each : topology.bindings) {
        all.emplace_back(QueueBinding{each});
    }
    for (const Binding& each : topology.exchange_bindings) {
        all.emplace_back(ExchangeBinding{each});
    }
    return all;
}

namespace {

struct Adder {
    Topology& all;

    void operator()(const ExchangeDeclaration& one) const { put(all.exchanges, one); }
    void operator()(const QueueDeclaration& one) const { put(all.queues, one); }
    void operator()(const QueueBinding& one) const { put_binding(all.bindings, one.binding); }
    void operator()(const ExchangeBinding& one) const { put_binding(all.exchange_bindings, one.binding); }
};

}  // namespace

void TopologyPlan::add(const Declaration& declaration) {
    std::visit(Adder{all_}, declaration);
}

void TopologyPlan::remove_queue(std::string_view name) noexcept {
    std::erase_if(all_.queues, [&](const QueueDeclaration& each) { return each.name == name; });
    std::erase_if(all_.bindings, [&](const Binding& each) { return each.queue == name; });
}

void TopologyPlan::remove_exchange(std::string_view name) noexcept {
    std::erase_if(all_.exchanges, [&](const ExchangeDeclaration& each) { return each.name == name; });
    std::erase_if(all_.bindings, [&](const Binding& each) { return each.exchange == name; });
    std::erase_if(all_.exchange_bindings,
                  [&](const Binding& each) { return each.queue == name || each.exchange == name; });
}

void TopologyPlan::remove_binding(const Binding& binding) noexcept {
    std::erase(all_.bindings, binding);
}

bool TopologyPlan::has_queue(std::string_view name) const noexcept {
    return std::any_of(all_.queues.begin(), all_.queues.end(),
                       [&](const QueueDeclaration& each) { return each.name == name; });
}

bool TopologyPlan::empty() const noexcept {
    return all_.exchanges.empty() && all_.queues.empty() && all_.bindings.empty() && all_.exchange_bindings.empty();
}

}  // namespace tendril::amqp::detail
