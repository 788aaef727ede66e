// SPDX-License-Identifier: MIT
//
// TopologyPlan: what a Client declares, and declares again after each reconnect: in which order, with which arguments,
// and what is forgotten when something is deleted. Pure.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tendril/amqp/table.hpp>
#include <tendril/amqp/topology.hpp>

namespace tendril::amqp::detail {

// What the options mean on the wire. Throws: std::invalid_argument, with what to do instead, for options that exclude
// one another, and for what RabbitMQ would end the channel for.
Table arguments_of(std::string_view queue, const QueueOptions& options);
Table arguments_of(const ExchangeOptions& options);

// Throws: std::invalid_argument for names, types and options that the broker would refuse in any case.
void check(const Topology& topology);

// One step of declaring a Topology.
struct QueueBinding {
    Binding binding;
};
struct ExchangeBinding {
    Binding binding;
};
using Declaration = std::variant<ExchangeDeclaration, QueueDeclaration, QueueBinding, ExchangeBinding>;

// The steps, in their order: exchanges, queues, bindings of queues, bindings of exchanges.
std::vector<Declaration> in_order(const Topology& topology);

// A name that no other client makes.
std::string unique_name(std::string_view prefix);

// Names the queues that have none; a binding with an empty queue is for the one such queue. Returns: the names of all
// queues, in their order. Throws: as check(); std::bad_alloc.
std::vector<std::string> name_queues(Topology& topology);

class TopologyPlan {
public:
    // Adds a step, or replaces what has the same name (of bindings: that is the same).
    void add(const Declaration& declaration);

    // Forget, with the bindings from and to it.
    void remove_queue(std::string_view name) noexcept;
    void remove_exchange(std::string_view name) noexcept;
    void remove_binding(const Binding& binding) noexcept;

    bool has_queue(std::string_view name) const noexcept;
    bool empty() const noexcept;

    const Topology& all() const noexcept { return all_; }

private:
    Topology all_;
};

}  // namespace tendril::amqp::detail
