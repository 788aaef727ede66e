// SPDX-License-Identifier: MIT
//
// ClientConsumer: the consumer of a Client, which subscribes again on each new connection, on a channel of its own.
//
// Its end: close(), the Client's end, a refusal by the broker that trying again does not mend, and basic.cancel for a
// queue that is not in the Client's topology.

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>

#include <tendril/deadline.hpp>

#include "amqp/client/client_core.hpp"
#include "amqp/client/recovered.hpp"
#include "amqp/connection/consumer_core.hpp"
#include "amqp/protocol/stream_position.hpp"

namespace tendril::amqp::detail {

class ClientConsumer final : public ConsumerCore,
                             public Recovered,
                             public std::enable_shared_from_this<ClientConsumer> {
public:
    // Throws: as ConsumerCore.
    ClientConsumer(std::shared_ptr<ClientCore> client, std::string_view queue, ConsumeOptions options);
    ~ClientConsumer() override;

    void deliver(Delivery&& delivery) override;
    void cancelled() noexcept override;
    void ended(const std::exception_ptr& why) noexcept override;
    void close(Deadline deadline) override;
    void drop() noexcept override;

    SetUp set_up(const std::shared_ptr<ConnectionCore>& connection) override;
    void hopeless(const std::exception_ptr& why) noexcept override { end(why); }
    std::shared_ptr<Recovered> share() override { return {shared_from_this(), this}; }

    void end(const std::exception_ptr& why) noexcept;

private:
    void subscribe_anew(const ConsumeOptions& options, Deadline deadline) override;
    ConsumeOptions options_now() const;
    SetUp refused(const std::exception_ptr& why) noexcept;
    bool worth_trying_again(const std::exception_ptr& why) const noexcept;
    void retire() noexcept;

    const std::shared_ptr<ClientCore> client_;
    std::shared_ptr<ChannelCore> channel_;  // null: there is none
    bool subscribed_ = false;               // channel_ has this as a sink
    bool setting_up_ = false;
    std::optional<Deadline> patience_;  // while something is refused that may be granted soon
    StreamPosition position_;
};

}  // namespace tendril::amqp::detail
