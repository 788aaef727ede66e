// SPDX-License-Identifier: MIT
//
// RpcCore: the calls of an RpcClient that are under way, by their numbers, and the channel on which they are asked and
// answered: direct reply-to wants both on one. It is on the publishing connection, so that a broker that blocks those
// who publish does not hold up the acks of consumers.

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <tendril/amqp/message.hpp>
#include <tendril/amqp/rpc.hpp>
#include <tendril/deadline.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/semaphore.hpp>

#include "amqp/client/client_core.hpp"
#include "amqp/client/publishing_channel.hpp"
#include "amqp/client/recovered.hpp"
#include "amqp/connection/channel_core.hpp"
#include "amqp/connection/connection_core.hpp"

namespace tendril::amqp::detail {

class RpcCore final : public Recovered,
                      private DeliverySink,
                      private PublishSink,
                      public std::enable_shared_from_this<RpcCore> {
public:
    // Throws: std::invalid_argument for a name over 255 bytes, a window of 0.
    RpcCore(std::shared_ptr<ClientCore> client, RpcOptions options);
    RpcCore(const RpcCore&) = delete;
    RpcCore& operator=(const RpcCore&) = delete;

    Message call(std::string_view key, Message& request, Deadline deadline);  // the request gets its properties
    std::size_t under_way() const noexcept { return calls_.size(); }
    void drop() noexcept;

    SetUp set_up(const std::shared_ptr<ConnectionCore>& connection) override;
    void hopeless(const std::exception_ptr& why) noexcept override;
    std::shared_ptr<Recovered> share() override { return {shared_from_this(), this}; }

private:
    struct Call;  // on the stack of the green thread that waits

    void deliver(Delivery&& delivery) override;
    void cancelled() noexcept override;
    void acked(std::uint64_t, bool) override {}
    void nacked(std::uint64_t, bool) override {}
    void returned(Returned&& message) override;
    void ended(const std::exception_ptr& why) noexcept override;  // of both sinks

    bool ask(Call& call, std::string_view key, const Message& request, Deadline deadline);
    Call* find(const std::string& correlation_id) noexcept;
    void finish(const std::exception_ptr& why) noexcept;
    void fail_calls(const std::exception_ptr& why, bool again) noexcept;
    std::string trouble() const;

    const std::shared_ptr<ClientCore> client_;
    const RpcOptions options_;
    Semaphore window_;
    PublishingChannel channel_;
    std::uint64_t numbers_ = 0;
    std::unordered_map<std::uint64_t, Call*> calls_;
    tendril::detail::WaitQueue waiters_{"an amqp::RpcClient"};  // for a channel
};

}  // namespace tendril::amqp::detail
