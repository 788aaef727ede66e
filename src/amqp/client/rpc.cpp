// SPDX-License-Identifier: MIT

#include <tendril/amqp/rpc.hpp>

#include <exception>
#include <stdexcept>
#include <utility>

#include "amqp/client/client_core.hpp"
#include "amqp/client/rpc_core.hpp"

namespace tendril::amqp {

RpcClient::RpcClient(Client& client, RpcOptions options)
    : core_(std::make_shared<detail::RpcCore>(client.core(), std::move(options))) {
    client.core()->publishing().want(*core_);
}

RpcClient::RpcClient(RpcClient&&) noexcept = default;

RpcClient& RpcClient::operator=(RpcClient&& other) noexcept {
    if (this != &other) {
        if (const auto old = std::exchange(core_, std::move(other.core_)); old != nullptr) {
            old->drop();
        }
    }
    return *this;
}

RpcClient::~RpcClient() {
    if (core_ != nullptr) {
        core_->drop();
    }
}

Message RpcClient::call(std::string_view key, Message request, Deadline deadline) {
    return core_->call(key, request, deadline);
}

std::size_t RpcClient::under_way() const noexcept {
    return core_->under_way();
}

void serve_rpc(Client& client, std::string_view queue, std::function<Message(const Message&)> handler,
               const HandlerOptions& options) {
    if (!handler) {
        throw std::invalid_argument("amqp::serve_rpc() was given an empty handler");
    }
    // Not mandatory: what goes to a direct reply-to comes back as unroutable although it was delivered. Not sent again:
    // the request is answered again instead.
    Publisher answers = client.publisher(
        "", {.window = 2 * options.concurrency, .mandatory = false, .persistent = false, .resend = false});
    consume(
        client, queue,
        [&](Delivery& request) {
            Message answer;
            try {
                answer = handler(request.message());
            } catch (const std::exception& error) {
                answer = {.body = error.what(), .properties = {.type = "error"}};
            }
            if (!request.properties().reply_to.empty()) {
                answer.properties.correlation_id = request.properties().correlation_id;
                answers.publish(request.properties().reply_to, answer);
            }
        },
        options);
}

}  // namespace tendril::amqp
