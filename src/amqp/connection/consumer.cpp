// SPDX-License-Identifier: MIT

#include <tendril/amqp/consumer.hpp>

#include <utility>

#include <tendril/queue_error.hpp>

#include "amqp/connection/consumer_core.hpp"

namespace tendril::amqp {

Consumer::Consumer(std::shared_ptr<detail::ConsumerCore> core) noexcept : core_(std::move(core)) {}

Consumer::Consumer(Consumer&&) noexcept = default;

Consumer& Consumer::operator=(Consumer&& other) noexcept {
    if (this != &other) {
        if (const auto old = std::exchange(core_, std::move(other.core_)); old != nullptr) {
            old->drop();
        }
    }
    return *this;
}

Consumer::~Consumer() {
    if (core_ != nullptr) {
        core_->drop();
    }
}

Delivery Consumer::get(Deadline deadline) {
    if (core_->has_delivery()) {
        return core_->get(deadline);
    }
    const auto core = core_;  // the Consumer may be moved or closed while it waits
    return core->get(deadline);
}

std::optional<Delivery> Consumer::try_get() {
    return core_->try_get();
}

bool Consumer::ready() const {
    return core_->ready();
}

void Consumer::observe(Observer& observer) const {
    core_->observe(observer);
}

void Consumer::set_prefetch(std::uint16_t messages, Deadline deadline) {
    const auto core = core_;
    core->set_prefetch(messages, deadline);
}

void Consumer::close(Deadline deadline) {
    const auto core = core_;
    core->close(deadline);
}

bool Consumer::is_open() const noexcept {
    return core_ != nullptr && core_->is_open();
}

const std::string& Consumer::queue() const noexcept {
    return core_->queue();
}

const std::string& Consumer::tag() const noexcept {
    return core_->tag();
}

Consumer::Iterator::Iterator(Consumer& consumer) : consumer_(&consumer) {
    next();
}

Consumer::Iterator& Consumer::Iterator::operator++() {
    if (!current_->settled()) {
        current_->ack();
    }
    next();
    return *this;
}

void Consumer::Iterator::next() {
    current_.reset();
    try {
        current_.emplace(consumer_->get());
    } catch (const ShutDown&) {  // the end of the loop
    }
}

}  // namespace tendril::amqp
