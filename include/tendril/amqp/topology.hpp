// SPDX-License-Identifier: MIT
// Floor: amqp
//
// Topology: the exchanges, queues and bindings that a program needs; declared now, and as a whole after each reconnect.
//
//     Topology shop{.exchanges = {{"orders", "topic"}},
//                   .queues = {{"bills", {.type = QueueType::quorum, .delivery_limit = 5, .dead_letter = "dead"}}},
//                   .bindings = {{"bills", "orders", "*.paid"}}};

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tendril/amqp/table.hpp>

namespace tendril::amqp {

enum class QueueType : std::uint8_t { classic, quorum, stream };
enum class Overflow : std::uint8_t { drop_head, reject_publish };

struct ExchangeOptions {
    bool durable = true;
    bool auto_delete = false;
    bool internal = false;
    std::string alternate = {};  // alternate-exchange: where messages go that no queue wants
    Table arguments = {};
};

struct QueueOptions {
    QueueType type = QueueType::classic;
    bool durable = true;  // outlives the broker, even killed, from two seconds after its first declaration: caveats.md
    bool exclusive = false;  // for one connection; while an old one still holds it, declaring it is tried again
    bool auto_delete = false;
    std::optional<std::uint32_t> max_length = {};
    std::optional<std::uint64_t> max_bytes = {};
    std::optional<Overflow> overflow = {};
    std::optional<std::chrono::milliseconds> message_ttl = {};
    std::optional<std::chrono::milliseconds> expires = {};  // without consumers for so long: deleted
    std::optional<std::string> dead_letter = {};            // x-dead-letter-exchange; "" is the default exchange
    std::optional<std::string> dead_letter_key = {};
    std::optional<std::uint32_t> delivery_limit = {};  // quorum
    std::optional<std::uint8_t> max_priority = {};     // classic only: refused for others
    bool single_active = false;                        // x-single-active-consumer
    Table arguments = {};                              // besides
};

struct ExchangeDeclaration {
    std::string name;
    std::string type = "direct";
    ExchangeOptions options = {};
};
struct QueueDeclaration {
    std::string name;  // empty: the Client makes one, which lasts; Client::declare() returns it
    QueueOptions options = {};
};
struct Binding {
    std::string queue;  // or, in exchange_bindings, the exchange that gets the messages
    std::string exchange;
    std::string key = {};
    Table arguments = {};
    friend bool operator==(const Binding&, const Binding&) = default;
};

struct Topology {
    std::vector<ExchangeDeclaration> exchanges = {};
    std::vector<QueueDeclaration> queues = {};
    std::vector<Binding> bindings = {};
    std::vector<Binding> exchange_bindings = {};
};

}  // namespace tendril::amqp
