// SPDX-License-Identifier: MIT
//
// TopologyPlan: what a Client declares, and declares again after each reconnect: in which order, with which arguments,
// and what is forgotten when something is deleted. Pure.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
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

// A name that no other client makes.
std::string unique_name(std::string_view prefix);

class TopologyPlan {
public:
    // Adds what is not there yet, and replaces what has the same name (or all of a binding's parts). Queues without a
    // name get one; bindings whose queue is empty are for the last such queue of this topology. Returns: the names of
    // its queues, in its order. Throws: std::invalid_argument, with nothing added.
    std::vector<std::string> add(Topology& topology);

    // Forget, with the bindings from and to it.
    void remove_queue(std::string_view name) noexcept;
    void remove_exchange(std::string_view name) noexcept;
    void remove_binding(const Binding& binding) noexcept;

    bool has_queue(std::string_view name) const noexcept;
    bool empty() const noexcept;

    // To be declared in this order: exchanges, queues, bindings, exchange_bindings.
    const Topology& all() const noexcept { return all_; }

private:
    Topology all_;
};

}  // namespace tendril::amqp::detail
