// SPDX-License-Identifier: MIT

#include "amqp/client/client_consumer.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include <tendril/amqp/error.hpp>
#include <tendril/queue_error.hpp>

#include "amqp/client/declarer.hpp"
#include "amqp/connection/channel_core.hpp"
#include "amqp/connection/connection_core.hpp"
#include "amqp/protocol/topology_plan.hpp"
#include "base/on_exit.hpp"
#include "hub/here.hpp"

namespace tendril::amqp::detail {

using tendril::detail::OnExit;

namespace {

ConsumeOptions named(ConsumeOptions options) {
    if (options.tag.empty()) {
        options.tag = unique_name("tendril-");
    }
    return options;
}

}  // namespace

ClientConsumer::ClientConsumer(std::shared_ptr<ClientCore> client, std::string_view queue, ConsumeOptions options)
    : ConsumerCore(queue, named(std::move(options))), client_(std::move(client)) {
    client_->add(*this);
}

ClientConsumer::~ClientConsumer() {
    end(std::make_exception_ptr(ShutDown()));
}

// ---- For the Keeper

Recovered::SetUp ClientConsumer::set_up(const std::shared_ptr<ConnectionCore>& connection) {
    if (channel_ != nullptr) {
        return SetUp::done;
    }
    const std::shared_ptr<ChannelCore> channel = connection->open_channel(never);
    if (!is_open()) {
        channel->drop();
        return SetUp::done;
    }
    attach(connection);
    channel_ = channel;
    subscribed_ = setting_up_ = true;  // messages may come before consume() returns
    const OnExit set([this] { setting_up_ = false; });
    try {
        channel->consume(queue(), options_now(), *this, never);
        patience_.reset();
        return SetUp::done;
    } catch (const std::exception&) {
        if (!connection->is_open() || !is_open()) {
            throw;
        }
        subscribed_ = false;
        retire();
        return refused(std::current_exception());
    }
}

// On a new channel; the old one goes on for the deliveries that it brought.
void ClientConsumer::subscribe_anew(const ConsumeOptions&, Deadline) {
    if (std::exchange(subscribed_, false)) {
        channel_->cancel_later(tag());
    }
    retire();
    client_->other().want(*this);
}

ConsumeOptions ClientConsumer::options_now() const {
    ConsumeOptions now = options();
    if (const std::optional<std::uint64_t> offset = position_.next()) {
        now.arguments.set("x-stream-offset", *offset);
    }
    return now;
}

Recovered::SetUp ClientConsumer::refused(const std::exception_ptr& why) noexcept {
    if (worth_trying_again(why)) {
        if (!patience_.has_value()) {
            patience_ = Deadline(patience_of(*connection()));
        }
        if (!patience_->passed()) {
            return SetUp::later;
        }
    }
    end(why);
    return SetUp::done;
}

// Another connection of ours, which the broker does not know yet to be dead, may hold the queue; and a queue of the
// topology may be gone just now.
bool ClientConsumer::worth_trying_again(const std::exception_ptr& why) const noexcept {
    try {
        std::rethrow_exception(why);
    } catch (const ResourceLocked&) {
        return true;
    } catch (const AccessRefused& error) {
        return error.text().find("exclusive use") != std::string::npos;
    } catch (const NotFound&) {
        if (!client_->plan().has_queue(queue())) {
            return false;
        }
        client_->declare_again();
        return true;
    } catch (...) {
        return false;
    }
}

// ---- From the broker

void ClientConsumer::deliver(Delivery&& delivery) {
    if (const std::optional<std::uint64_t> offset = delivery.stream_offset(); offset.has_value() && !options().no_ack) {
        position_.came(delivery.tag(), *offset, channel_->first_unsettled());
    }
    ConsumerCore::deliver(std::move(delivery));
}

void ClientConsumer::cancelled() noexcept {
    subscribed_ = false;
    if (client_->plan().has_queue(queue())) {
        retire();
        client_->declare_again();
        client_->other().want(*this);
    } else {
        try {
            end(std::make_exception_ptr(ConsumerCancelled(queue())));
        } catch (...) {
            end(std::current_exception());
        }
    }
}

void ClientConsumer::ended(const std::exception_ptr& why) noexcept {
    subscribed_ = false;
    position_.lost(channel_->first_unsettled());
    channel_ended();
    channel_.reset();
    if (setting_up_ || connection()->error() != nullptr) {
        return;
    }
    try {  // the channel alone
        std::rethrow_exception(why);
    } catch (const std::length_error&) {  // a message over max_message, which would come again
        end(why);
    } catch (...) {  // as by a consumer_timeout
        client_->other().want_later(*this);
    }
}

// The channel goes on for the deliveries that are held, and closes with the last of them.
void ClientConsumer::retire() noexcept {
    if (const std::shared_ptr<ChannelCore> channel = std::exchange(channel_, nullptr); channel != nullptr) {
        position_.lost(channel->first_unsettled());
        channel->retire();
    }
}

// ---- The end

void ClientConsumer::close(Deadline deadline) {
    tendril::detail::here::refuse_in_callback();
    const std::shared_ptr<ClientConsumer> self = shared_from_this();
    if (!is_open()) {
        return;
    }
    leave();
    client_->remove(*this);
    const OnExit retired([this] { retire(); });
    close_on(std::exchange(subscribed_, false) ? channel_ : nullptr, deadline);
}

void ClientConsumer::drop() noexcept {
    end(std::make_exception_ptr(ShutDown()));
    give_back();
    retire();
}

void ClientConsumer::end(const std::exception_ptr& why) noexcept {
    if (!is_open()) {
        return;
    }
    leave();
    client_->remove(*this);
    finish(why);
    if (std::exchange(subscribed_, false)) {
        channel_->cancel_later(tag());
    }
    retire();
}

}  // namespace tendril::amqp::detail
