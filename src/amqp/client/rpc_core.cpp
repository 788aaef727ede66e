// SPDX-License-Identifier: MIT

#include "amqp/client/rpc_core.hpp"

#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

#include <tendril/amqp/error.hpp>
#include <tendril/event.hpp>
#include <tendril/queue_error.hpp>

#include "amqp/protocol/names.hpp"
#include "base/on_exit.hpp"
#include "base/timed_out.hpp"
#include "hub/here.hpp"

namespace tendril::amqp::detail {

namespace here = tendril::detail::here;
using tendril::detail::OnExit;
using tendril::detail::Outcome;

namespace {

constexpr const char* reply_queue = "amq.rabbitmq.reply-to";  // of each channel

RpcOptions checked(RpcOptions options) {
    if (options.exchange.size() > longest_name) {
        throw std::invalid_argument("an exchange's name is longer than 255 bytes");
    }
    if (options.window == 0) {
        throw std::invalid_argument("an RpcClient needs a window of 1 or more; leave it out for 1000");
    }
    return options;
}

}  // namespace

struct RpcCore::Call {
    std::uint64_t number;
    Event done;
    std::optional<Message> answer;
    std::exception_ptr error;
    bool again = false;  // the connection was lost

    void fail(const std::exception_ptr& why) {
        error = why;
        done.set();
    }
};

RpcCore::RpcCore(std::shared_ptr<ClientCore> client, RpcOptions options)
    : client_(std::move(client)), options_(checked(std::move(options))), window_(options_.window) {
    client_->check();
}

// ---- For green threads that call

Message RpcCore::call(std::string_view key, Message& request, Deadline deadline) {
    here::refuse_in_callback();
    if (key.size() > longest_name) {
        throw std::invalid_argument("a routing key is longer than 255 bytes");
    }
    const std::shared_ptr<RpcCore> self = shared_from_this();
    const auto late = [&](const std::string& why) {
        tendril::detail::time_out({.waited_ns = here::waited_ns()},
                                  [text = "call '" + std::string(key) + "'" + why] { return text; });
    };
    if (!window_.acquire(deadline)) {
        late(": " + std::to_string(options_.window) + " calls are under way");
    }
    const OnExit released([this] { window_.release(); });
    request.properties.reply_to = reply_queue;
    if (!request.properties.persistent.has_value()) {
        request.properties.persistent = false;
    }
    for (;;) {
        Call call{.number = ++numbers_, .done = {}, .answer = {}, .error = {}};
        request.properties.correlation_id = std::to_string(call.number);
        const OnExit forgotten([&] { calls_.erase(call.number); });
        if (!ask(call, key, request, deadline)) {
            late(trouble());
        }
        if (!call.done.wait(deadline)) {
            late("");
        }
        if (call.error == nullptr) {
            return *std::move(call.answer);
        }
        if (!call.again || !options_.idempotent) {
            std::rethrow_exception(call.error);
        }
    }
}

// Sends the request as soon as it can be. Returns: false when the deadline came before that.
bool RpcCore::ask(Call& call, std::string_view key, const Message& request, Deadline deadline) {
    for (;;) {
        channel_.check();
        if (!channel_.ready()) {
            if (waiters_.wait("RpcClient::call", nullptr, deadline) == Outcome::timed_out) {
                return false;
            }
            continue;
        }
        try {
            if (const std::optional<ConnectionCore::Turn> turn = channel_.wait_for_turn(deadline)) {
                calls_.emplace(call.number, &call);
                channel_->publish(options_.exchange, key, request.properties, request.body, true);
                return true;
            }
        } catch (const TimeoutError&) {
            return false;
        }
    }
}

std::string RpcCore::trouble() const {
    if (channel_.blocked()) {
        return ": the broker blocks publishers: " + channel_.connection().blocked_reason();
    }
    return channel_.ready() ? ": no room in the send buffer" : ": " + client_->publishing().trouble();
}

// ---- For the Keeper

Recovered::SetUp RpcCore::set_up(const std::shared_ptr<ConnectionCore>& connection) {
    const std::shared_ptr<ChannelCore> channel = channel_.open(connection, *this);
    if (channel == nullptr) {
        return SetUp::done;
    }
    try {
        channel->consume(reply_queue, {.prefetch = 0, .no_ack = true}, *this, never);
    } catch (const ChannelError&) {  // ended() has dealt with it
        return SetUp::done;
    }
    if (channel_.is(channel)) {
        channel_.set_ready();
        waiters_.wake_all(Outcome::signalled);
    }
    return SetUp::done;
}

// ---- From the broker

RpcCore::Call* RpcCore::find(const std::string& correlation_id) noexcept {
    std::uint64_t number = 0;
    std::from_chars(correlation_id.data(), correlation_id.data() + correlation_id.size(), number);
    const auto at = calls_.find(number);
    return at == calls_.end() ? nullptr : at->second;
}

void RpcCore::deliver(Delivery&& delivery) {
    if (Call* call = find(delivery.properties().correlation_id); call != nullptr && !call->done.is_set()) {
        call->answer.emplace(delivery.take_message());
        call->done.set();
    }
}

void RpcCore::returned(Returned&& message) {
    if (Call* call = find(message.message.properties.correlation_id); call != nullptr && !call->done.is_set()) {
        call->fail(std::make_exception_ptr(Unroutable(message.code, std::move(message.text),
                                                      std::move(message.exchange), std::move(message.routing_key))));
    }
}

void RpcCore::cancelled() noexcept {
    if (channel_.exists()) {
        channel_->drop();  // which calls ended()
    }
}

void RpcCore::ended(const std::exception_ptr& why) noexcept {
    if (!channel_.ended()) {
        return;  // told by the other sink before
    }
    const bool lost = channel_.connection_is_lost();
    fail_calls(why, lost);
    if (!lost) {
        client_->publishing().want_later(*this);
    }
}

void RpcCore::fail_calls(const std::exception_ptr& why, bool again) noexcept {
    for (const auto& [number, call] : calls_) {
        if (!call->done.is_set()) {
            call->again = again;
            call->fail(why);
        }
    }
}

// ---- The end

void RpcCore::finish(const std::exception_ptr& why) noexcept {
    if (!channel_.finish(why)) {
        return;
    }
    leave();
    fail_calls(why, false);
    waiters_.wake_all(Outcome::closed);
}

void RpcCore::hopeless(const std::exception_ptr& why) noexcept {
    finish(why);
}

void RpcCore::drop() noexcept {
    finish(std::make_exception_ptr(ShutDown()));
}

}  // namespace tendril::amqp::detail
