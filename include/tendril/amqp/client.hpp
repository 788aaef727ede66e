// SPDX-License-Identifier: MIT
// Floor: amqp
//
// Client: a program's access to a broker, recovered without end: connections, topology, publishers, consumers.
//
//     amqp::Client client("amqp://rabbit-a,rabbit-b/shop", {.name = "orders", .topology = {
//         .exchanges = {{"orders", "topic"}}, .queues = {{"bills"}}, .bindings = {{"bills", "orders", "*.paid"}}}});
//     client.publisher("orders").publish("shop.paid", {.body = "42"});
//     for (Delivery& bill : client.consumer("bills")) print(bill.body());
//
// Two connections to one broker: one for Publishers and RpcClients, made with the first of them, since a broker that is
// low on memory stops reading those who publish; one for all else. When one is lost it is made again, on whatever host
// answers, with growing intervals, until it is there or hopeless: a refused login, no such vhost, a certificate that is
// refused.
// At least once: a consumer sees a message again after a loss, a publisher may double one; message_id tells.
// It belongs to the OS thread of the hub that made it; several hubs have a Client each.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/amqp/connection.hpp>
#include <tendril/amqp/consumer.hpp>
#include <tendril/amqp/publisher.hpp>
#include <tendril/amqp/topology.hpp>
#include <tendril/amqp/url.hpp>
#include <tendril/deadline.hpp>
#include <tendril/duration.hpp>

namespace tendril::amqp {

namespace detail {
class ClientCore;
}

// What happens to a Client's connections, for logs and gauges.
struct ClientEvent {
    // What has happened.
    enum class Kind : std::uint8_t {
        connected,  // and declared, consuming, publishing again
        lost,       // text: why; the next attempt is on its way
        failed,     // an attempt; text: why
        hopeless,   // no attempt follows; every call throws what `text` says
        blocked,    // the broker takes no messages; text: why
        unblocked,
        topology_error,  // a declaration was refused; the others go on; text: the broker's words
    };
    Kind kind;         // what has happened
    bool publishing;   // of the publishers' connection
    std::string text;  // why, or the broker's words; may be empty
};

// Options of a Client.
struct ClientOptions {
    std::string name = {};              // for the broker's lists
    Topology topology = {};             // is declared on each new connection
    ConnectionOptions connection = {};  // of each of its connections

    Duration first_retry = std::chrono::milliseconds(200);  // doubling, each 20 % more or less
    Duration longest_retry = std::chrono::seconds(30);      // between two attempts, at most
    std::size_t attempts = SIZE_MAX;                        // in a row without success; then it is hopeless
    Duration connect_timeout = std::chrono::seconds(10);    // of one attempt, login included

    // Called in the hub, in the order of what happens; it must not wait. What it throws goes to the hub's error
    // handler.
    std::function<void(const ClientEvent&)> on_event = {};
};

// Counts of a Client.
struct ClientStats {
    std::uint64_t connects = 0;  // successful ones
    std::uint64_t losses = 0;    // how often a connection was lost
    std::size_t publishers = 0;  // that live
    std::size_t consumers = 0;   // that live
    std::size_t unsettled = 0;   // published, not confirmed
    std::uint64_t resent = 0;    // messages sent again, because a connection was lost before they were confirmed
};

class Client {
public:
    // Begins to connect, and does not wait. Throws: std::invalid_argument for options that make no sense.
    explicit Client(Url url, ClientOptions options = {});
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();  // ends the connections without waiting; call close() to flush. Consumers and Publishers end with it

    // Adds to the topology and declares it now, when connected (waits until it is), and after each reconnect.
    // Returns: the names of the queues, in their order. Throws: ChannelError when the broker refuses one: that one is
    // not added, nor those behind it; TimeoutError, Interrupt: all of it is added, and will be declared.
    std::vector<std::string> declare(Topology topology, Deadline deadline = never);

    // Deletes, and forgets, with the bindings: not made again.
    void remove_queue(std::string_view name, Deadline deadline = never);
    void remove_exchange(std::string_view name, Deadline deadline = never);
    void remove_binding(const Binding& binding, Deadline deadline = never);

    // "" is the default exchange, whose routing keys are names of queues. Does not wait.
    Publisher publisher(std::string_view exchange, PublisherOptions options = {});
    // Does not wait: it consumes as soon as it can. Throws: std::invalid_argument for prefetch 0 without no_ack.
    Consumer consumer(std::string_view queue, ConsumeOptions options = {});

    // How many messages wait in the queue, and how many consume it. Throws: NotFound; as Channel.
    QueueInfo queue_info(std::string_view queue, Deadline deadline = never);
    // Returns: how many messages it had.
    std::uint32_t purge_queue(std::string_view queue, Deadline deadline = never);
    std::optional<Delivery> get(std::string_view queue, Deadline deadline = never);  // basic.get

    // A channel of the connection for all but publishing, not recovered, for what is not offered here.
    Channel open_channel(Deadline deadline = never);

    bool connected() const noexcept;                 // whether it has its connections now
    bool blocked() const noexcept;                   // whether the broker takes no messages now
    ClientStats stats() const noexcept;              // returns its counts
    void wait_connected(Deadline deadline = never);  // Throws: TimeoutError; Interrupt; what made it hopeless

    // Flushes the publishers, sends acks, cancels the consumers, says goodbye; ends at the deadline in any case.
    // Idempotent. Throws: Interrupt (it ends all the same).
    void close(Deadline deadline = never);

    const std::shared_ptr<detail::ClientCore>& core() const noexcept { return core_; }  // for the library

private:
    std::shared_ptr<detail::ClientCore> core_;
};

}  // namespace tendril::amqp
