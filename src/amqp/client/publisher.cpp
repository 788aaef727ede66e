// SPDX-License-Identifier: MIT

#include <tendril/amqp/publisher.hpp>

#include <utility>

#include "amqp/client/publisher_core.hpp"

namespace tendril::amqp {

Publisher::Publisher(std::shared_ptr<detail::PublisherCore> core) noexcept : core_(std::move(core)) {}

Publisher::Publisher(Publisher&&) noexcept = default;

Publisher& Publisher::operator=(Publisher&& other) noexcept {
    if (this != &other) {
        if (const auto old = std::exchange(core_, std::move(other.core_)); old != nullptr) {
            old->drop();
        }
    }
    return *this;
}

Publisher::~Publisher() {
    if (core_ != nullptr) {
        core_->drop();
    }
}

void Publisher::publish(std::string_view key, const Message& message, Deadline deadline) {
    publish_later(key, message, deadline).get(deadline);
}

void Publisher::publish(std::string_view key, Bytes body, Deadline deadline) {
    publish_later(key, body, deadline).get(deadline);
}

Confirmation Publisher::publish_later(std::string_view key, const Message& message, Deadline deadline) {
    return core_->publish_later(key, &message, {}, deadline);
}

Confirmation Publisher::publish_later(std::string_view key, Bytes body, Deadline deadline) {
    return core_->publish_later(key, nullptr, body, deadline);
}

void Publisher::flush(Deadline deadline) {
    core_->flush(deadline);
}

std::size_t Publisher::unsettled() const noexcept {
    return core_->unsettled();
}

const std::string& Publisher::exchange() const noexcept {
    return core_->exchange();
}

}  // namespace tendril::amqp
