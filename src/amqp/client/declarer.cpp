// SPDX-License-Identifier: MIT

#include "amqp/client/declarer.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <tendril/amqp/error.hpp>

#include "amqp/connection/channel_core.hpp"
#include "amqp/connection/connection_core.hpp"

namespace tendril::amqp::detail {

using tendril::detail::Outcome;

namespace {

struct Step {
    Channel& channel;
    Deadline deadline;

    void operator()(const ExchangeDeclaration& one) const {
        channel.declare_exchange(one.name, one.type,
                                 {.durable = one.options.durable,
                                  .auto_delete = one.options.auto_delete,
                                  .internal = one.options.internal,
                                  .arguments = arguments_of(one.options)},
                                 deadline);
    }
    void operator()(const QueueDeclaration& one) const {
        channel.declare_queue(one.name,
                              {.durable = one.options.durable,
                               .exclusive = one.options.exclusive,
                               .auto_delete = one.options.auto_delete,
                               .arguments = arguments_of(one.name, one.options)},
                              deadline);
    }
    void operator()(const QueueBinding& one) const {
        const Binding& binding = one.binding;
        channel.bind_queue(binding.queue, binding.exchange, binding.key, binding.arguments, deadline);
    }
    void operator()(const ExchangeBinding& one) const {
        const Binding& binding = one.binding;
        channel.bind_exchange(binding.queue, binding.exchange, binding.key, binding.arguments, deadline);
    }
};

const std::string& queue_of(const Declaration& what) {
    static const std::string none;
    if (const auto* queue = std::get_if<QueueDeclaration>(&what)) {
        return queue->name;
    }
    if (const auto* binding = std::get_if<QueueBinding>(&what)) {
        return binding->binding.queue;
    }
    return none;
}

}  // namespace

void declare(Channel& channel, const Declaration& what, Deadline deadline) {
    std::visit(Step{channel, deadline}, what);
}

Duration patience_of(const ConnectionCore& connection) noexcept {
    constexpr std::int64_t least = 10'000'000'000;  // also without heartbeats
    return std::chrono::nanoseconds(std::max(least, 2 * connection.heartbeat().count()));
}

// All steps once, each on a channel that is open; one that is refused ends it.
class Declarer::Round {
public:
    Round(Declarer& declarer, const std::shared_ptr<ConnectionCore>& connection)
        : declarer_(declarer), connection_(connection) {}

    void run() {
        for (const Declaration& each : in_order(declarer_.plan_.all())) {
            const std::string& queue = queue_of(each);
            if (!queue.empty() && std::find(locked_.begin(), locked_.end(), queue) != locked_.end()) {
                continue;
            }
            if (!channel_.has_value() || !channel_->is_open()) {
                channel_.emplace(ChannelMaker::make(connection_->open_channel(never)));
            }
            step(each, queue);
        }
        if (channel_.has_value()) {
            channel_->close(never);
        }
    }
    bool any_locked() const noexcept { return !locked_.empty(); }

private:
    void step(const Declaration& what, const std::string& queue) {
        try {
            declare(*channel_, what, never);
        } catch (const ResourceLocked& error) {
            if (!declarer_.patience_.passed()) {
                locked_.push_back(queue);
            } else {
                report(error);
            }
        } catch (const ChannelError& error) {
            report(error);
        } catch (const std::invalid_argument& error) {
            report(error);
        }
    }
    void report(const std::exception& error) {
        if (declarer_.reported_.insert(error.what()).second) {
            declarer_.owner_.report(ClientEvent::Kind::topology_error, false, error.what());
        }
    }

    Declarer& declarer_;
    const std::shared_ptr<ConnectionCore>& connection_;
    std::optional<Channel> channel_;
    std::vector<std::string> locked_;
};

Recovered::SetUp Declarer::set_up(const std::shared_ptr<ConnectionCore>& connection) {
    if (connection_.lock() != connection) {
        connection_ = connection;
        reported_.clear();
        patience_ = Deadline(patience_of(*connection));
    }
    Round round(*this, connection);
    round.run();
    ++rounds_;
    waiters_.wake_all(Outcome::signalled);
    return round.any_locked() ? SetUp::later : SetUp::done;
}

void Declarer::await_round(std::uint64_t rounds) {
    while (rounds_ <= rounds) {
        if (end_ != nullptr) {
            std::rethrow_exception(end_);
        }
        waiters_.wait("amqp::Client", nullptr, never);
    }
}

void Declarer::hopeless(const std::exception_ptr& why) noexcept {
    end_ = why;
    waiters_.wake_all(Outcome::closed);
}

std::shared_ptr<Recovered> Declarer::share() {
    return {owner_.share_owner(), this};
}

}  // namespace tendril::amqp::detail
