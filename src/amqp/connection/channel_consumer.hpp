// SPDX-License-Identifier: MIT
//
// ChannelConsumer: the consumer of a raw Channel, which ends with it.

#pragma once

#include <exception>
#include <memory>
#include <string_view>

#include <tendril/deadline.hpp>

#include "amqp/connection/consumer_core.hpp"

namespace tendril::amqp::detail {

class ChannelConsumer final : public ConsumerCore {
public:
    ChannelConsumer(std::shared_ptr<ChannelCore> channel, std::string_view queue, ConsumeOptions options);
    ~ChannelConsumer() override;

    void begin(Deadline deadline);  // Throws: as Channel::consume()

    void cancelled() noexcept override;
    void ended(const std::exception_ptr& why) noexcept override;
    void close(Deadline deadline) override;
    void drop() noexcept override;

private:
    void subscribe_anew(const ConsumeOptions& options, Deadline deadline) override;

    std::shared_ptr<ChannelCore> channel_;
    bool subscribed_ = false;
};

}  // namespace tendril::amqp::detail
