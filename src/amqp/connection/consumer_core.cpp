// SPDX-License-Identifier: MIT

#include "amqp/connection/consumer_core.hpp"

#include <stdexcept>
#include <utility>

#include <tendril/detail/base/check.hpp>
#include <tendril/queue_error.hpp>

#include "amqp/connection/connection_core.hpp"
#include "amqp/protocol/names.hpp"
#include "base/on_exit.hpp"
#include "base/timed_out.hpp"
#include "hub/here.hpp"

namespace tendril::amqp::detail {

using tendril::detail::Outcome;

namespace {

ConsumeOptions checked(std::string_view queue, ConsumeOptions options) {
    if (queue.size() > longest_name || options.tag.size() > longest_name) {
        throw std::invalid_argument("a consumer's queue or tag is longer than 255 bytes");
    }
    if (options.prefetch == 0 && !options.no_ack) {
        throw std::invalid_argument("a consumer of '" + std::string(queue) +
                                    "' with prefetch 0 gets messages without a bound; give it a number, such as 100");
    }
    return options;
}

}  // namespace

ConsumerCore::ConsumerCore(std::string_view queue, ConsumeOptions options)
    : queue_(queue), options_(checked(queue, std::move(options))) {}

Delivery ConsumerCore::get(Deadline deadline) {
    getters_.check_thread();
    if (!waiting_.empty()) {
        return take();
    }
    std::optional<Delivery> slot;
    if (end_ == nullptr) {
        const Outcome outcome = getters_.wait("Consumer::get", &slot, deadline);
        if (outcome == Outcome::handed) {
            return *std::move(slot);
        }
        if (outcome == Outcome::timed_out) {
            tendril::detail::time_out({.waited_ns = tendril::detail::here::waited_ns()},
                                      [queue = queue_] { return "waiting for a message of queue '" + queue + "'"; });
        }
    }
    std::rethrow_exception(end_);
}

std::optional<Delivery> ConsumerCore::try_get() {
    getters_.check_thread();
    if (!waiting_.empty()) {
        return take();
    }
    if (end_ != nullptr) {
        std::rethrow_exception(end_);
    }
    return std::nullopt;
}

void ConsumerCore::set_prefetch(std::uint16_t messages, Deadline deadline) {
    getters_.check_thread();
    ConsumeOptions next = options_;
    next.prefetch = messages;
    next = checked(queue_, std::move(next));
    if (end_ != nullptr) {
        std::rethrow_exception(end_);
    }
    subscribe_anew(next, deadline);
    options_.prefetch = messages;
}

void ConsumerCore::deliver(Delivery&& delivery) {
    if (end_ != nullptr) {
        return;
    }
    if (auto* slot = getters_.front_slot<std::optional<Delivery>>(); slot != nullptr) {
        slot->emplace(std::move(delivery));
        getters_.hand();
        return;
    }
    const std::size_t bytes = delivery.body().size();
    waiting_.push_back(std::move(delivery));
    bytes_ += bytes;
    if (options_.no_ack && !holding_ && bytes_ > options_.receive_buffer) {
        holding_ = true;
        connection_->hold_reading();
    }
    getters_.notify_observers();
}

Delivery ConsumerCore::take() noexcept {
    Delivery first = *std::move(waiting_.front());
    waiting_.drop_front();
    bytes_ -= first.body().size();
    if (bytes_ <= options_.receive_buffer / 2) {
        release_reading();
    }
    return first;
}

void ConsumerCore::release_reading() noexcept {
    if (std::exchange(holding_, false)) {
        connection_->resume_reading();
    }
}

void ConsumerCore::channel_ended() noexcept {
    if (!options_.no_ack) {
        give_back();
    }
    release_reading();
}

// What waits goes back behind the basic.cancel, or the broker would send it here again.
void ConsumerCore::close_on(const std::shared_ptr<ChannelCore>& channel, Deadline deadline) {
    finish(std::make_exception_ptr(ShutDown()));
    const tendril::detail::OnExit back([this] { give_back(); });
    if (channel == nullptr) {
        return;
    }
    try {
        channel->cancel(tag(), deadline, [this] { give_back(); });
    } catch (const std::exception&) {
        if (channel->is_open()) {
            throw;
        }
    }
}

void ConsumerCore::give_back() noexcept {
    while (!waiting_.empty()) {
        waiting_.pop_front();
    }
    bytes_ = 0;
    release_reading();
}

void ConsumerCore::finish(std::exception_ptr why) noexcept {
    if (end_ == nullptr) {
        end_ = std::move(why);
        getters_.wake_all(Outcome::closed);
        getters_.notify_observers();
    }
}

}  // namespace tendril::amqp::detail
