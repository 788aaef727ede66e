// SPDX-License-Identifier: MIT
//
// PublisherCore: what a Publisher's green threads share: the window, the channel of the present connection, and what is
// not confirmed yet, which outlives channel and connection.
//
//   1. One green thread at a time has the turn_ and may wait for what it takes to send: a channel, a place in the
//      window, room in the connection's send buffer. The others stand in line behind it. Nobody has a place in the
//      window without having sent its message.
//   2. channel_ is ready: all that is in confirms_ was sent on it.
//   3. A message leaves confirms_ only by the broker's word, by the channel's end without the connection's (an error
//      that it caused, or one of its neighbours), or by the end of all.

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include <tendril/amqp/error.hpp>
#include <tendril/amqp/publisher.hpp>
#include <tendril/deadline.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/semaphore.hpp>

#include "amqp/client/client_core.hpp"
#include "amqp/client/publishing_channel.hpp"
#include "amqp/client/recovered.hpp"
#include "amqp/connection/channel_core.hpp"
#include "amqp/connection/connection_core.hpp"
#include "amqp/protocol/confirms.hpp"

namespace tendril::amqp::detail {

class PublisherCore final : public Recovered,
                            private PublishSink,
                            private Confirms::Listener,
                            public std::enable_shared_from_this<PublisherCore> {
public:
    // Throws: std::invalid_argument for a name over 255 bytes, a window of 0.
    PublisherCore(std::shared_ptr<ClientCore> client, std::string_view exchange, const PublisherOptions& options);
    PublisherCore(const PublisherCore&) = delete;
    PublisherCore& operator=(const PublisherCore&) = delete;
    ~PublisherCore();

    // As Publisher's. Message or bytes: only one of them.
    Confirmation publish_later(std::string_view key, const Message* message, Bytes body, Deadline deadline);
    void flush(Deadline deadline);
    void await_settled(Deadline deadline);  // flush() that throws no failure of a message
    std::size_t unsettled() const noexcept { return confirms_.unsettled(); }
    const std::string& exchange() const noexcept { return exchange_; }

    void drop() noexcept;  // for the destructor of the Publisher

    SetUp set_up(const std::shared_ptr<ConnectionCore>& connection) override;
    void hopeless(const std::exception_ptr& why) noexcept override { finish(why, Unconfirmed::Reason::lost); }
    std::shared_ptr<Recovered> share() override { return {shared_from_this(), this}; }

    void finish(const std::exception_ptr& why, Unconfirmed::Reason reason) noexcept;

private:
    void acked(std::uint64_t tag, bool multiple) override;
    void nacked(std::uint64_t tag, bool multiple) override;
    void returned(Returned&& message) override;
    void ended(const std::exception_ptr& why) noexcept override;
    void slots_settled() noexcept override;

    bool has_room() const noexcept { return !options_.confirm || confirms_.unsettled() < options_.window; }
    ConnectionCore::Turn await_room(Deadline deadline);
    Confirmation append(std::string_view key, const Message* message, Bytes body);
    std::string_view next_id() noexcept;
    void send_again(const std::shared_ptr<ChannelCore>& channel);
    void wake_first() noexcept { first_.wake_all(tendril::detail::Outcome::signalled); }
    [[noreturn]] void time_out() const;
    std::string trouble() const;

    const std::shared_ptr<ClientCore> client_;
    const std::string exchange_;
    const PublisherOptions options_;
    std::string id_;  // of the last message that had none: what all begin with, and a number
    const std::size_t id_prefix_;

    Semaphore turn_{1};
    tendril::detail::WaitQueue first_{"an amqp::Publisher"};     // the one that has the turn_
    tendril::detail::WaitQueue flushers_{"an amqp::Publisher"};  // slot: the number through which they wait

    PublishingChannel channel_;
    Confirms confirms_{this};
};

struct PublisherMaker {
    static Publisher make(std::shared_ptr<PublisherCore> core) noexcept { return Publisher(std::move(core)); }
};

}  // namespace tendril::amqp::detail
