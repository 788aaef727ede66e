// SPDX-License-Identifier: MIT
// Floor: amqp
//
// Channel: AMQP 0-9-1 as it is, over a Connection; nothing is recovered. When the channel or its connection ends, every
// call throws what ended it, for good. Most programs want a Client (client.hpp) instead.
//
//     Channel channel = connection.open_channel();
//     channel.declare_queue("work", {.durable = true});
//     channel.publish("", "work", {.body = "hello"});
//
// Any number of green threads of its hub may call one Channel: each call gets its own answer. A kill or a deadline
// before a call's frames are in the send buffer: nothing happened. After that the call is abandoned: its answer is
// awaited by the connection, and what it brought is undone (a message that was got goes back, a consumer is cancelled).
//
// Every call may wait for the broker's answer, and throws: TimeoutError; Interrupt; ChannelError (or NotFound and so
// on) when the broker ended the channel by this call; what ended channel or connection before; WrongThread;
// std::invalid_argument for names over 255 bytes, prefetch 0, and what RabbitMQ would end the connection for: then
// nothing was sent.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tendril/amqp/confirmation.hpp>
#include <tendril/amqp/consumer.hpp>
#include <tendril/amqp/delivery.hpp>
#include <tendril/amqp/message.hpp>
#include <tendril/amqp/table.hpp>
#include <tendril/deadline.hpp>

namespace tendril::amqp {

namespace detail {
class ChannelCore;
struct ChannelMaker;
}  // namespace detail

// Options of Channel::declare_exchange() and declare_queue(), each with its own part of them.
struct DeclareOptions {
    bool durable = false;      // it outlives the broker; see topology.hpp
    bool exclusive = false;    // of queues: for this connection, and ends with it
    bool auto_delete = false;  // ends with its last consumer (queue), binding (exchange)
    bool internal = false;     // of exchanges: no client may publish to it
    bool passive = false;      // only asks whether it is there
    Table arguments = {};      // more, by the broker's names
};

// What the broker says of a queue that was declared.
struct QueueInfo {
    std::string name;             // also where the broker chose it
    std::uint32_t messages = 0;   // ready to be delivered
    std::uint32_t consumers = 0;  // of all connections
};

// Options of Channel::publish().
struct PublishOptions {
    bool mandatory = false;  // no queue for it: it comes back; in confirm mode as Unroutable
};

class Channel {
public:
    Channel(Channel&&) noexcept;
    Channel& operator=(Channel&&) noexcept;
    ~Channel();  // closes without waiting; Deliveries of it settle nothing any more

    // type: direct, fanout, topic, headers, or a plugin's.
    void declare_exchange(std::string_view name, std::string_view type, const DeclareOptions& options = {},
                          Deadline deadline = never);
    // if_unused: refuses when anything is bound to it.
    void delete_exchange(std::string_view name, bool if_unused = false, Deadline deadline = never);
    // What `from` gets with such a key goes to `to`, too; and no longer.
    void bind_exchange(std::string_view to, std::string_view from, std::string_view key, const Table& arguments = {},
                       Deadline deadline = never);
    void unbind_exchange(std::string_view to, std::string_view from, std::string_view key, const Table& arguments = {},
                         Deadline deadline = never);

    // An empty name: the broker makes one, which is in what is returned.
    QueueInfo declare_queue(std::string_view name, const DeclareOptions& options = {}, Deadline deadline = never);
    // Returns: how many messages went with it.
    std::uint32_t delete_queue(std::string_view name, bool if_unused = false, bool if_empty = false,
                               Deadline deadline = never);
    // Returns: how many messages it had.
    std::uint32_t purge_queue(std::string_view name, Deadline deadline = never);
    // What the exchange gets with such a key goes to the queue; and no longer.
    void bind_queue(std::string_view queue, std::string_view exchange, std::string_view key,
                    const Table& arguments = {}, Deadline deadline = never);
    void unbind_queue(std::string_view queue, std::string_view exchange, std::string_view key,
                      const Table& arguments = {}, Deadline deadline = never);

    void select_confirms(Deadline deadline = never);  // from now on the broker confirms what is published: see above
    // From now on what is published and acked takes effect by commit().
    void select_transactions(Deadline deadline = never);
    void commit(Deadline deadline = never);  // lets it take effect
    // Drops what was published since the last commit(), and lets what was acked count as not acked.
    void rollback(Deadline deadline = never);

    // Appends the message to the send buffer; waits only while that is full, or the broker blocks the connection.
    // Returns: in confirm mode what will be known of it; else one that is settled already.
    Confirmation publish(std::string_view exchange, std::string_view key, const Message& message,
                         const PublishOptions& options = {}, Deadline deadline = never);

    // Messages that came back though nobody awaits a confirmation: mandatory ones, not in confirm mode. At most the
    // last 100 are kept. Returns: nothing when there is none. Does not wait.
    std::optional<Delivery> try_get_returned();

    // basic.get: one message, or nothing when the queue is empty.
    std::optional<Delivery> get(std::string_view queue, bool no_ack = false, Deadline deadline = never);
    // Begins to consume (basic.consume).
    Consumer consume(std::string_view queue, const ConsumeOptions& options = {}, Deadline deadline = never);

    // Sends again all that is not settled (basic.recover with requeue).
    void recover(Deadline deadline = never);

    // Idempotent.
    void close(Deadline deadline = never);
    bool is_open() const noexcept;
    std::uint16_t number() const noexcept;  // the number that it has in its connection

private:
    friend struct detail::ChannelMaker;
    explicit Channel(std::shared_ptr<detail::ChannelCore> core) noexcept;
    std::shared_ptr<detail::ChannelCore> core_;
};

}  // namespace tendril::amqp
