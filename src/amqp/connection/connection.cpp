// SPDX-License-Identifier: MIT

#include <tendril/amqp/connection.hpp>

#include <utility>

#include "amqp/connection/channel_core.hpp"
#include "amqp/connection/connection_core.hpp"

namespace tendril::amqp {

Connection::Connection(std::shared_ptr<detail::ConnectionCore> core) noexcept : core_(std::move(core)) {}
Connection::Connection(Connection&&) noexcept = default;

Connection& Connection::operator=(Connection&& other) noexcept {
    if (this != &other) {
        if (core_ != nullptr) {
            core_->drop();
        }
        core_ = std::move(other.core_);
    }
    return *this;
}

Connection::~Connection() {
    if (core_ != nullptr) {
        core_->drop();
    }
}

Channel Connection::open_channel(Deadline deadline) {
    return detail::ChannelMaker::make(core_->open_channel(deadline));
}
void Connection::close(Deadline deadline) {
    core_->close(deadline);
}
bool Connection::is_open() const noexcept {
    return core_ != nullptr && core_->is_open();
}
bool Connection::blocked() const noexcept {
    return core_->blocked();
}
const std::string& Connection::blocked_reason() const noexcept {
    return core_->blocked_reason();
}
void Connection::update_secret(std::string_view secret, std::string_view reason, Deadline deadline) {
    core_->update_secret(secret, reason, deadline);
}
const Table& Connection::server_properties() const noexcept {
    return core_->server_properties();
}
Duration Connection::heartbeat() const noexcept {
    return core_->heartbeat();
}
std::uint32_t Connection::frame_max() const noexcept {
    return core_->frame_max();
}
std::uint16_t Connection::channel_max() const noexcept {
    return core_->channel_max();
}

}  // namespace tendril::amqp
