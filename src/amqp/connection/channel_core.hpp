// SPDX-License-Identifier: MIT
//
// ChannelCore: one channel of one connection, from its opening to its end. Channel, its Deliveries, and what publishes
// or consumes on it share it. For the library. Declarations, get() and so on are Channel's (ChannelMaker::make()); here
// is what a Publisher and a Consumer need besides.
//
//   1. After end() it is inert: calls throw error(), settle() returns false, and nothing is appended. It never lives
//      again: a new channel is a new ChannelCore.
//   2. Every call appends its frames whole, in one step without a wait, behind the acks that are due; then it waits in
//      the reply line. One that gives up leaves its place there, with what undoes the answer.
//   3. A sink gets only Deliveries of the tag that it subscribed, until cancel(), cancelled() or ended(). Deliveries
//      for a tag that nobody subscribes go back.
//   4. Each delivery tag is settled once (Acks).

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <tendril/amqp/channel.hpp>
#include <tendril/amqp/consumer.hpp>
#include <tendril/amqp/delivery.hpp>
#include <tendril/amqp/message.hpp>
#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>

#include "amqp/protocol/properties.hpp"
#include "amqp/protocol/reply_line.hpp"

namespace tendril::amqp::detail {

class ConnectionCore;
struct Answer;
struct ChannelParts;
struct Frame;
struct KeptContent;

// Takes the deliveries of one consumer tag. Called by the reader: does not wait. Must outlive its subscription.
class DeliverySink {
public:
    virtual void deliver(Delivery&& delivery) = 0;  // Throws: std::bad_alloc, which ends the connection
    virtual void cancelled() noexcept = 0;          // basic.cancel of the broker; unsubscribed by then
    virtual void ended(const std::exception_ptr& why) noexcept = 0;  // with the channel; unsubscribed by then

protected:
    ~DeliverySink() = default;
};

// A mandatory message that came back.
struct Returned {
    std::uint16_t code = 0;  // 312: no queue wants it
    std::string text;
    std::string exchange;
    std::string routing_key;
    Message message;
};

// What the broker says of published messages, and of the channel's end. Called by the reader: does not wait. Must
// outlive the channel's life, or leave by set_publish_sink(nullptr).
class PublishSink {
public:
    virtual void acked(std::uint64_t tag, bool multiple) = 0;   // Throws: ProtocolError: no such message
    virtual void nacked(std::uint64_t tag, bool multiple) = 0;  // Throws: ProtocolError
    virtual void returned(Returned&& message) = 0;              // before the ack of its tag
    virtual void ended(const std::exception_ptr& why) noexcept = 0;

protected:
    ~PublishSink() = default;
};

enum class Settlement : std::uint8_t { ack, reject, requeue };

class ChannelCore : public std::enable_shared_from_this<ChannelCore> {
public:
    explicit ChannelCore(std::unique_ptr<ChannelParts> parts) noexcept;
    ChannelCore(const ChannelCore&) = delete;
    ChannelCore& operator=(const ChannelCore&) = delete;
    ~ChannelCore();

    // The connection. Valid until the channel has ended; hold it where a wait comes between.
    const std::shared_ptr<ConnectionCore>& connection() const noexcept;
    std::uint16_t number() const noexcept;
    bool is_open() const noexcept;
    const std::exception_ptr& error() const noexcept;  // null: it has not ended
    void check_open() const;                           // Throws: what ended it
    void check_thread();                               // Throws: WrongThread
    bool on_its_thread() const noexcept;

    // ---- Publishing

    // Appends a message. Does not wait: ConnectionCore::wait_for_turn() comes before it, and its Turn lives meanwhile.
    // Returns: its tag in confirm mode (1, 2, ...), else 0. Throws: std::invalid_argument, what ended the channel; then
    // nothing was appended. kept: gets a copy of the content, to be sent again, unless it is null.
    std::uint64_t publish(std::string_view exchange, std::string_view key, const Properties& properties, Bytes body,
                          bool mandatory, const HeaderDefaults& defaults = {}, KeptContent* kept = nullptr);
    // Confirm mode: afterwards what is published has a tag. The sink hears of all of it. Idempotent.
    void select_confirms(Deadline deadline);
    bool confirms() const noexcept;
    // nullptr: nobody. Without a sink returned messages are kept for try_get_returned().
    void set_publish_sink(PublishSink* sink) noexcept;

    // ---- Consuming

    // basic.qos for the consumer, unless it is no_ack, then basic.consume. Deliveries may come before this returns.
    // Returns: the tag. Throws: as Channel's calls; the sink is not subscribed then, and what came for it goes back.
    std::string consume(std::string_view queue, const ConsumeOptions& options, DeliverySink& sink, Deadline deadline);
    // Unsubscribes the sink at once, and waits until the broker has cancelled it. asked(): called as soon as the broker
    // is asked, before the wait; must not throw. Throws: as Channel's calls.
    void cancel(const std::string& tag, Deadline deadline, const std::function<void()>& asked = nullptr);
    // The same without waiting, for destructors. Does nothing when the channel has ended.
    void cancel_later(const std::string& tag) noexcept;

    // Settles a delivery; the frame goes out with the writer's next turn. Returns: false when the channel has ended.
    // Requires: the tag came on this channel, not from a no_ack consumer, and is not settled.
    bool settle(std::uint64_t tag, Settlement how) noexcept;
    // What a Delivery of this channel leaves behind, for the next ones.
    void keep(std::unique_ptr<Received> left) noexcept;
    // The lowest tag that is not settled; UINT64_MAX: there is none. Also after the end.
    std::uint64_t first_unsettled() const noexcept;

    // ---- The end

    // As Channel's.
    void close(Deadline deadline);
    // The same without waiting: it has ended when this returns; its number is free when close-ok comes.
    void drop() noexcept;
    // drop(), as soon as every delivery is settled: for the Deliveries that are held when all else is done with it.
    void retire() noexcept;

    // ---- For this folder: ConnectionCore, Channel

    // What the broker sent. Throws: ProtocolError, std::bad_alloc: the connection then ends.
    void receive(const Frame& frame);
    // Appends the acks that are marked. Throws: std::bad_alloc; then they stay marked.
    void flush_acks();
    // The call that was to open it gives up, or was not even sent.
    void give_up_opening() noexcept;
    // The connection has ended, by `why`.
    void connection_ended(const std::exception_ptr& why) noexcept;
    ChannelParts& parts() noexcept { return *parts_; }

private:
    void on_method(std::string_view payload);
    void on_request(std::uint32_t number, std::string_view payload);
    void on_answer(MethodId id, std::string_view payload);
    void on_close(std::string_view payload);
    void begin_content();
    void on_content();
    void on_returned();
    void deliver();
    void add_unsettled(std::uint64_t tag);
    Delivery make_delivery(bool settled);
    void answer(MethodId id, Answer& said);
    void refuse_too_large();

    void list_acks() noexcept;
    void give_back(std::uint64_t tag, bool requeue);
    void begin_close(std::uint16_t code, std::string_view text, const std::exception_ptr& why);
    void end_users(const std::exception_ptr& why) noexcept;
    void leave_connection() noexcept;
    void drop_if_retired() noexcept;
    std::string new_tag();

    std::unique_ptr<ChannelParts> parts_;
};

struct ChannelMaker {
    static Channel make(std::shared_ptr<ChannelCore> core) noexcept { return Channel(std::move(core)); }
    static const std::shared_ptr<ChannelCore>& core(const Channel& channel) noexcept { return channel.core_; }
    // Leaves the Channel empty, which then closes nothing.
    static std::shared_ptr<ChannelCore> take(Channel&& channel) noexcept { return std::move(channel.core_); }
};

}  // namespace tendril::amqp::detail
