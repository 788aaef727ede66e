// SPDX-License-Identifier: MIT
// Floor: amqp
//
// RpcClient and serve_rpc: a question by a message, and its answer (www.rabbitmq.com/direct-reply-to.html).
//
//     RpcClient rpc(client);
//     Message answer = rpc.call("fib", {.body = "30"}, 5s);
//
//     amqp::serve_rpc(client, "fib", [](const Message& question) -> Message { return {.body = fib(question.body)}; });
//
// Any number of calls at once, each of which gets its own answer. They are not persistent: a call that nobody answers
// ends by its deadline. For work that must not be lost there is Pool (pool.hpp).

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/consume.hpp>
#include <tendril/amqp/message.hpp>
#include <tendril/deadline.hpp>

namespace tendril::amqp {

namespace detail {
class RpcCore;
}

// Options of an RpcClient.
struct RpcOptions {
    std::string exchange = {};  // "": the key is the name of the server's queue
    std::size_t window = 1000;  // calls under way; the next waits
    bool idempotent = false;    // asked again after a lost connection, instead of ConnectionLost
};

// Sends requests, and waits for their answers: see the head of this file.
class RpcClient {
public:
    // The Client must outlive it. Throws: as Client::declare().
    explicit RpcClient(Client& client, RpcOptions options = {});
    RpcClient(RpcClient&&) noexcept;
    RpcClient& operator=(RpcClient&&) noexcept;
    ~RpcClient();  // does not wait; who waits in call() gets ShutDown

    // Yields. Throws: TimeoutError: a late answer is dropped; Unroutable: there is no such queue, at once;
    // ConnectionLost; Interrupt; std::invalid_argument.
    Message call(std::string_view key, Message request, Deadline deadline = never);
    std::size_t under_way() const noexcept;  // calls that wait for their answer

private:
    std::shared_ptr<detail::RpcCore> core_;
};

// Answers, then acks. A handler that throws answers with the property type "error" and what() as the body (call() gives
// it back as it is); requests without reply_to are handled and acked. Runs and throws as consume().
void serve_rpc(Client& client, std::string_view queue, std::function<Message(const Message&)> handler,
               const HandlerOptions& options = {});

}  // namespace tendril::amqp
