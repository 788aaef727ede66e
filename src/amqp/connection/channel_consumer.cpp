// SPDX-License-Identifier: MIT

#include "amqp/connection/channel_consumer.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include <tendril/amqp/channel.hpp>
#include <tendril/amqp/error.hpp>
#include <tendril/queue_error.hpp>

namespace tendril::amqp::detail {

ChannelConsumer::ChannelConsumer(std::shared_ptr<ChannelCore> channel, std::string_view queue, ConsumeOptions options)
    : ConsumerCore(queue, std::move(options)), channel_(std::move(channel)) {}

ChannelConsumer::~ChannelConsumer() {
    drop();
}

void ChannelConsumer::begin(Deadline deadline) {
    channel_->check_open();
    attach(channel_->connection());
    set_tag(channel_->consume(queue(), options(), *this, deadline));
    subscribed_ = is_open();  // it may have ended as soon as it began
}

// The new one first, so that a kill leaves the old one.
void ChannelConsumer::subscribe_anew(const ConsumeOptions& options, Deadline deadline) {
    if (options.exclusive) {
        throw std::invalid_argument(
            "an exclusive consumer of a Channel cannot change its prefetch: close it and consume again");
    }
    ConsumeOptions next = options;
    next.tag.clear();
    const std::string old = tag();
    set_tag(channel_->consume(queue(), next, *this, deadline));
    channel_->cancel_later(old);
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
    close_on(std::exchange(subscribed_, false) ? channel_ : nullptr, deadline);
}

void ChannelConsumer::drop() noexcept {
    finish(std::make_exception_ptr(ShutDown()));
    if (std::exchange(subscribed_, false)) {
        channel_->cancel_later(tag());
    }
    give_back();
}

}  // namespace tendril::amqp::detail

namespace tendril::amqp {

Consumer Channel::consume(std::string_view queue, const ConsumeOptions& options, Deadline deadline) {
    auto consumer = std::make_shared<detail::ChannelConsumer>(core_, queue, options);
    consumer->begin(deadline);
    return detail::ConsumerMaker::make(std::move(consumer));
}

}  // namespace tendril::amqp
