// SPDX-License-Identifier: MIT

#include "amqp/client/publishing_channel.hpp"

#include <utility>

#include <tendril/error.hpp>

namespace tendril::amqp::detail {

void PublishingChannel::check() const {
    if (end_ != nullptr) {
        std::rethrow_exception(end_);
    }
}

std::shared_ptr<ChannelCore> PublishingChannel::open(const std::shared_ptr<ConnectionCore>& connection,
                                                     PublishSink& sink) {
    if (channel_ != nullptr) {
        return nullptr;
    }
    const std::shared_ptr<ChannelCore> channel = connection->open_channel(never);
    if (end_ != nullptr) {
        channel->drop();
        return nullptr;
    }
    connection_ = connection;
    channel_ = channel;
    channel->set_publish_sink(&sink);
    return channel;
}

std::optional<ConnectionCore::Turn> PublishingChannel::wait_for_turn(Deadline deadline) {
    const std::shared_ptr<ConnectionCore> connection = connection_;
    try {
        ConnectionCore::Turn turn = connection->wait_for_turn(deadline);
        if (ready_ && connection_ == connection) {
            return turn;
        }
        return std::nullopt;
    } catch (const TimeoutError&) {
        throw;
    } catch (const std::exception&) {
        if (connection->is_open() && end_ == nullptr) {
            throw;
        }
    }
    if (connection_ == connection) {
        ready_ = false;  // also while it is closing, and has not ended
    }
    return std::nullopt;
}

bool PublishingChannel::ended() noexcept {
    ready_ = false;
    return std::exchange(channel_, nullptr) != nullptr;
}

bool PublishingChannel::finish(const std::exception_ptr& why) noexcept {
    if (end_ != nullptr) {
        return false;
    }
    end_ = why;
    ready_ = false;
    if (const std::shared_ptr<ChannelCore> channel = std::exchange(channel_, nullptr); channel != nullptr) {
        channel->set_publish_sink(nullptr);
        channel->drop();
    }
    return true;
}

}  // namespace tendril::amqp::detail
