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

enum class QueueType : std::uint8_t { classic, quorum, stream };  // x-queue-type: how the broker keeps a queue
// X-overflow: which message a full queue drops: its oldest, or the one that comes.
enum class Overflow : std::uint8_t { drop_head, reject_publish };

// Options of an exchange.
struct ExchangeOptions {
    bool durable = true;         // outlives the broker
    bool auto_delete = false;    // is deleted with its last binding
    bool internal = false;       // no client may publish to it, only other exchanges
    std::string alternate = {};  // alternate-exchange: where messages go that no queue wants
    Table arguments = {};        // more, by the broker's names
};

// Options of a queue.
struct QueueOptions {
    QueueType type = QueueType::classic;  // how the broker keeps it
    bool durable = true;  // outlives the broker, even killed, from two seconds after its first declaration: caveats.md
    bool exclusive = false;    // for one connection; while an old one still holds it, declaring it is tried again
    bool auto_delete = false;  // is deleted with its last consumer
    std::optional<std::uint32_t> max_length = {};  // messages, at most
    std::optional<std::uint64_t> max_bytes = {};   // of all bodies, at most
    std::optional<Overflow> overflow = {};         // what happens beyond max_length and max_bytes
    // After so long in the queue a message is dropped, or dead-lettered.
    std::optional<std::chrono::milliseconds> message_ttl = {};
    std::optional<std::chrono::milliseconds> expires = {};  // without consumers for so long: deleted
    std::optional<std::string> dead_letter = {};            // x-dead-letter-exchange; "" is the default exchange
    std::optional<std::string> dead_letter_key = {};        // the routing key for it; unset: the message's own
    std::optional<std::uint32_t> delivery_limit = {};       // quorum
    std::optional<std::uint8_t> max_priority = {};          // classic only: refused for others
    bool single_active = false;                             // x-single-active-consumer
    Table arguments = {};                                   // besides
};

// An exchange to be declared.
struct ExchangeDeclaration {
    std::string name;              // its name in the broker
    std::string type = "direct";   // or "fanout", "topic", "headers", or one of a plugin
    ExchangeOptions options = {};  // as they are declared
};
// A queue to be declared.
struct QueueDeclaration {
    std::string name;           // empty: the Client makes one, which lasts; Client::declare() returns it
    QueueOptions options = {};  // as they are declared
};
// What leads from an exchange to a queue, or to another exchange.
struct Binding {
    std::string queue;     // or, in exchange_bindings, the exchange that gets the messages
    std::string exchange;  // where messages come from
    std::string key = {};  // what their routing key must be, as the exchange's type says
    Table arguments = {};  // for "headers" exchanges, and plugins
    friend bool operator==(const Binding&, const Binding&) = default;
};

struct Topology {
    std::vector<ExchangeDeclaration> exchanges = {};  // declared first
    std::vector<QueueDeclaration> queues = {};        // declared next
    std::vector<Binding> bindings = {};               // from exchanges to queues
    std::vector<Binding> exchange_bindings = {};      // from exchanges to exchanges
};

}  // namespace tendril::amqp
