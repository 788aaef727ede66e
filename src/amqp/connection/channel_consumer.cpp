// SPDX-License-Identifier: MIT

#include "amqp/connection/channel_consumer.hpp"

#include <utility>

#include <tendril/amqp/error.hpp>
#include <tendril/queue_error.hpp>

#include "amqp/connection/connection_core.hpp"
#include "base/on_exit.hpp"

namespace tendril::amqp::detail {

ChannelConsumer::ChannelConsumer(std::shared_ptr<ChannelCore> channel, std::string_view queue, ConsumeOptions options)
    : ConsumerCore(queue, std::move(options)), channel_(std::move(channel)) {}

ChannelConsumer::~ChannelConsumer() {
    drop();
}

void ChannelConsumer::begin(Deadline deadline) {
    set_tag(channel_->consume(queue(), options(), *this, deadline));
    subscribed_ = is_open();  // it may have ended as soon as it began
}

void ChannelConsumer::cancelled() noexcept {
    subscribed_ = false;
    try {
        finish(std::make_exception_ptr(ConsumerCancelled(queue())));
    } catch (...) {
        finish(std::current_exception());
    }
}

void ChannelConsumer::ended(const std::exception_ptr& why) noexcept {
    subscribed_ = false;
    channel_ended();
    finish(why);
}

void ChannelConsumer::close(Deadline deadline) {
    finish(std::make_exception_ptr(ShutDown()));
    const tendril::detail::OnExit back([this] { give_back(); });
    if (std::exchange(subscribed_, false)) {
        channel_->cancel(tag(), deadline);
    }
}

void ChannelConsumer::drop() noexcept {
    finish(std::make_exception_ptr(ShutDown()));
    if (std::exchange(subscribed_, false)) {
        channel_->cancel_later(tag());
    }
    give_back();
}

void ChannelConsumer::hold_reading() noexcept {
    if (channel_->is_open()) {
        channel_->connection()->hold_reading();
    }
}

void ChannelConsumer::resume_reading() noexcept {
    if (channel_->is_open()) {
        channel_->connection()->resume_reading();
    }
}

}  // namespace tendril::amqp::detail
