// SPDX-License-Identifier: MIT
//
// PublishingChannel: the channel of a Publisher or RpcClient: opened anew on each connection, ready once all has been
// said on it that comes before messages, and ended for good once.
//
//   1. Ready means that there is a channel. The channel may be there earlier.
//   2. After finish() there is none, and none comes any more.

#pragma once

#include <exception>
#include <memory>
#include <optional>

#include <tendril/deadline.hpp>

#include "amqp/connection/channel_core.hpp"
#include "amqp/connection/connection_core.hpp"

namespace tendril::amqp::detail {

class PublishingChannel {
public:
    bool exists() const noexcept { return channel_ != nullptr; }
    bool is(const std::shared_ptr<ChannelCore>& channel) const noexcept { return channel_ == channel; }
    bool ready() const noexcept { return ready_; }
    bool finished() const noexcept { return end_ != nullptr; }
    void check() const;  // Throws: why it was finished

    ChannelCore& operator*() const noexcept { return *channel_; }
    ChannelCore* operator->() const noexcept { return channel_.get(); }
    ConnectionCore& connection() const noexcept { return *connection_; }
    bool blocked() const noexcept { return connection_ != nullptr && connection_->blocked(); }

    // Opens it on the connection, for a sink that hears of what is published. Yields. Returns: the channel; null: there
    // is one already, or it was finished meanwhile. Throws: as ConnectionCore::open_channel().
    std::shared_ptr<ChannelCore> open(const std::shared_ptr<ConnectionCore>& connection, PublishSink& sink);
    void set_ready() noexcept { ready_ = true; }

    // Requires: ready(). Waits for the right to append one message. Returns: nothing when it must be looked at again,
    // as it is not what it was before. Throws: TimeoutError; Interrupt; WrongThread, and what else is the caller's.
    std::optional<ConnectionCore::Turn> wait_for_turn(Deadline deadline);

    // The channel has ended. Returns: false if that was known. connection_is_lost(): with the connection.
    bool ended() noexcept;
    bool connection_is_lost() const noexcept { return connection_->error() != nullptr || !connection_->is_open(); }

    // Closes it without waiting. Returns: false after the first time.
    bool finish(const std::exception_ptr& why) noexcept;

private:
    std::shared_ptr<ConnectionCore> connection_;  // the last one
    std::shared_ptr<ChannelCore> channel_;        // null: there is none
    bool ready_ = false;
    std::exception_ptr end_;
};

}  // namespace tendril::amqp::detail
