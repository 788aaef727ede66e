// SPDX-License-Identifier: MIT
//
// RawConfirms: the Confirmations of a Channel in confirm mode, which end with it.

#pragma once

#include <cstdint>
#include <exception>
#include <string_view>

#include <tendril/amqp/confirmation.hpp>
#include <tendril/amqp/message.hpp>

#include "amqp/connection/channel_core.hpp"
#include "amqp/protocol/confirms.hpp"

namespace tendril::amqp::detail {

class RawConfirms final : public PublishSink {
public:
    // Publishes by the channel. Throws: as ChannelCore::publish(); then there is no Confirmation.
    Confirmation publish(ChannelCore& channel, std::string_view exchange, std::string_view key, const Message& message,
                         bool mandatory);

    void acked(std::uint64_t tag, bool multiple) override;
    void nacked(std::uint64_t tag, bool multiple) override;
    void returned(Returned&& back) override;
    void ended(const std::exception_ptr& why) noexcept override;

private:
    Confirms confirms_;
};

// What an Unconfirmed message learns of the end of its channel: a ChannelError, or an Unconfirmed by the end's kind.
std::exception_ptr unconfirmed_by(const std::exception_ptr& end) noexcept;

}  // namespace tendril::amqp::detail
