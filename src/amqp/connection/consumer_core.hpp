// SPDX-License-Identifier: MIT
//
// ConsumerCore: the deliveries of one consumer that nobody has got yet, and the green threads that wait for one. Shared
// by the Consumer and what feeds it: a Channel (ChannelConsumer), or a Client, which subscribes it again on each new
// channel. Belongs to one OS thread.
//
//   1. A getter waits only while there is no delivery and no end.
//   2. What ends it comes after the deliveries that no channel can take back (no_ack): those are got first. All others
//      are dropped at the end of their channel: the broker has them back.
//   3. After close() nothing is kept: what comes goes back by its destructor.

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tendril/amqp/consumer.hpp>
#include <tendril/amqp/delivery.hpp>
#include <tendril/deadline.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/notifier.hpp>

#include "amqp/connection/channel_core.hpp"
#include "amqp/protocol/ring.hpp"

namespace tendril::amqp::detail {

class ConsumerCore : public DeliverySink {
public:
    // Throws: std::invalid_argument for prefetch 0 without no_ack, and names over 255 bytes.
    ConsumerCore(std::string_view queue, ConsumeOptions options);
    ConsumerCore(const ConsumerCore&) = delete;
    ConsumerCore& operator=(const ConsumerCore&) = delete;
    virtual ~ConsumerCore() = default;

    // As Consumer's.
    Delivery get(Deadline deadline);
    std::optional<Delivery> try_get();
    bool has_delivery() const noexcept { return !waiting_.empty(); }  // then get() does not wait
    bool ready() const noexcept { return has_delivery() || end_ != nullptr; }
    void observe(Observer& observer) const { getters_.observe(observer); }
    bool is_open() const noexcept { return end_ == nullptr; }
    void set_prefetch(std::uint16_t messages, Deadline deadline);
    virtual void close(Deadline deadline) = 0;
    virtual void drop() noexcept = 0;  // close() without waiting, for the destructor

    const std::string& queue() const noexcept { return queue_; }
    const std::string& tag() const noexcept { return options_.tag; }
    const ConsumeOptions& options() const noexcept { return options_; }

    void deliver(Delivery&& delivery) override;

protected:
    // Subscribes with these options in place of options(). Throws: then it is as it was.
    virtual void subscribe_anew(const ConsumeOptions& options, Deadline deadline) = 0;

    // What brought the deliveries that wait has ended: those that the broker has back are dropped.
    void channel_ended() noexcept;
    // The end: who waits, and every later call, gets it. Does nothing after the first time.
    void finish(std::exception_ptr why) noexcept;
    // close(): ends it, cancels it on the channel (null: on none), and gives back what waits. Throws: TimeoutError,
    // Interrupt: it is done all the same.
    void close_on(const std::shared_ptr<ChannelCore>& channel, Deadline deadline);
    // Gives back what waits, in its order.
    void give_back() noexcept;
    void set_tag(std::string tag) noexcept { options_.tag = std::move(tag); }

    // The connection that brings what comes from now on.
    void attach(std::shared_ptr<ConnectionCore> connection) noexcept { connection_ = std::move(connection); }
    const std::shared_ptr<ConnectionCore>& connection() const noexcept { return connection_; }

private:
    Delivery take() noexcept;  // requires: !waiting_.empty()
    void release_reading() noexcept;

    const std::string queue_;
    ConsumeOptions options_;
    std::exception_ptr end_;  // ShutDown after close()
    Ring<std::optional<Delivery>> waiting_;
    std::size_t bytes_ = 0;  // of their bodies
    std::shared_ptr<ConnectionCore> connection_;
    bool holding_ = false;  // connection_, as more than receive_buffer bytes wait
    tendril::detail::WaitQueue getters_{"an amqp::Consumer"};
};

struct ConsumerMaker {
    static Consumer make(std::shared_ptr<ConsumerCore> core) noexcept { return Consumer(std::move(core)); }
    static const std::shared_ptr<ConsumerCore>& core(const Consumer& consumer) noexcept { return consumer.core_; }
};

}  // namespace tendril::amqp::detail
