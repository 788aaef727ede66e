// SPDX-License-Identifier: MIT
//
// Channel, but for consume(): channel_consumer.cpp.

#include <tendril/amqp/channel.hpp>

#include <stdexcept>
#include <utility>

#include "amqp/connection/channel_call.hpp"
#include "amqp/connection/connection_core.hpp"
#include "amqp/connection/raw_confirms.hpp"

namespace tendril::amqp {

namespace method = detail::method;
using detail::Answer;
using detail::call;
using detail::ChannelCall;
using detail::ChannelCore;
using detail::ChannelParts;

namespace {

detail::RawConfirms& have_confirms(ChannelCore& core) {
    ChannelParts& parts = core.parts();
    if (parts.raw_confirms == nullptr) {
        parts.raw_confirms = std::make_unique<detail::RawConfirms>();
    }
    return *parts.raw_confirms;
}

}  // namespace

Channel::Channel(std::shared_ptr<ChannelCore> core) noexcept : core_(std::move(core)) {}
Channel::Channel(Channel&&) noexcept = default;

Channel& Channel::operator=(Channel&& other) noexcept {
    if (this != &other) {
        if (core_ != nullptr) {
            core_->drop();
        }
        core_ = std::move(other.core_);
    }
    return *this;
}

Channel::~Channel() {
    if (core_ != nullptr) {
        core_->drop();
    }
}

void Channel::declare_exchange(std::string_view name, std::string_view type, const DeclareOptions& options,
                               Deadline deadline) {
    if (options.exclusive) {
        throw std::invalid_argument("an exchange cannot be exclusive: leave that out, or say auto_delete");
    }
    call<method::ExchangeDeclareOk>(*core_,
                                    method::ExchangeDeclare{.exchange = name,
                                                            .type = type,
                                                            .passive = options.passive,
                                                            .durable = options.durable,
                                                            .auto_delete = options.auto_delete,
                                                            .internal = options.internal,
                                                            .arguments = options.arguments},
                                    deadline);
}

void Channel::delete_exchange(std::string_view name, bool if_unused, Deadline deadline) {
    call<method::ExchangeDeleteOk>(*core_, method::ExchangeDelete{.exchange = name, .if_unused = if_unused}, deadline);
}

void Channel::bind_exchange(std::string_view to, std::string_view from, std::string_view key, const Table& arguments,
                            Deadline deadline) {
    call<method::ExchangeBindOk>(
        *core_, method::ExchangeBind{.destination = to, .source = from, .routing_key = key, .arguments = arguments},
        deadline);
}

void Channel::unbind_exchange(std::string_view to, std::string_view from, std::string_view key, const Table& arguments,
                              Deadline deadline) {
    call<method::ExchangeUnbindOk>(
        *core_, method::ExchangeUnbind{.destination = to, .source = from, .routing_key = key, .arguments = arguments},
        deadline);
}

QueueInfo Channel::declare_queue(std::string_view name, const DeclareOptions& options, Deadline deadline) {
    if (options.internal) {
        throw std::invalid_argument("only an exchange can be internal: leave that out");
    }
    Answer said = call<method::QueueDeclareOk>(*core_,
                                               method::QueueDeclare{.queue = name,
                                                                    .passive = options.passive,
                                                                    .durable = options.durable,
                                                                    .exclusive = options.exclusive,
                                                                    .auto_delete = options.auto_delete,
                                                                    .arguments = options.arguments},
                                               deadline);
    return {std::move(said.name), said.messages, said.consumers};
}

std::uint32_t Channel::delete_queue(std::string_view name, bool if_unused, bool if_empty, Deadline deadline) {
    return call<method::QueueDeleteOk>(
               *core_, method::QueueDelete{.queue = name, .if_unused = if_unused, .if_empty = if_empty}, deadline)
        .messages;
}

std::uint32_t Channel::purge_queue(std::string_view name, Deadline deadline) {
    return call<method::QueuePurgeOk>(*core_, method::QueuePurge{.queue = name}, deadline).messages;
}

void Channel::bind_queue(std::string_view queue, std::string_view exchange, std::string_view key,
                         const Table& arguments, Deadline deadline) {
    call<method::QueueBindOk>(
        *core_, method::QueueBind{.queue = queue, .exchange = exchange, .routing_key = key, .arguments = arguments},
        deadline);
}

void Channel::unbind_queue(std::string_view queue, std::string_view exchange, std::string_view key,
                           const Table& arguments, Deadline deadline) {
    call<method::QueueUnbindOk>(
        *core_, method::QueueUnbind{.queue = queue, .exchange = exchange, .routing_key = key, .arguments = arguments},
        deadline);
}

void Channel::select_confirms(Deadline deadline) {
    core_->check_open();
    core_->set_publish_sink(&have_confirms(*core_));
    core_->select_confirms(deadline);
}

void Channel::select_transactions(Deadline deadline) {
    call<method::TxSelectOk>(*core_, method::TxSelect{}, deadline);
}
void Channel::commit(Deadline deadline) {
    call<method::TxCommitOk>(*core_, method::TxCommit{}, deadline);
}
void Channel::rollback(Deadline deadline) {
    call<method::TxRollbackOk>(*core_, method::TxRollback{}, deadline);
}

Confirmation Channel::publish(std::string_view exchange, std::string_view key, const Message& message,
                              const PublishOptions& options, Deadline deadline) {
    const std::shared_ptr<ChannelCore> core = core_;
    core->check_open();
    const detail::ConnectionCore::Turn turn = core->connection()->wait_for_turn(deadline);
    core->check_open();
    return have_confirms(*core).publish(*core, exchange, key, message, options.mandatory);
}

std::optional<Delivery> Channel::try_get_returned() {
    core_->check_thread();
    std::deque<Delivery>& returned = core_->parts().returned;
    if (returned.empty()) {
        return std::nullopt;
    }
    std::optional<Delivery> first(std::move(returned.front()));
    returned.pop_front();
    return first;
}

std::optional<Delivery> Channel::get(std::string_view queue, bool no_ack, Deadline deadline) {
    ChannelCall<method::BasicGetOk, method::BasicGetEmpty> call(*core_,
                                                                no_ack ? detail::Undo::nothing : detail::Undo::requeue);
    call.append(method::BasicGet{.queue = queue, .no_ack = no_ack});
    return std::move(call.await(deadline).delivery);
}

// From here on the broker knows none of the tags any more.
void Channel::recover(Deadline deadline) {
    ChannelCall<method::BasicRecoverOk> call(*core_);
    call.append(method::BasicRecover{.requeue = true});
    core_->parts().acks.clear();
    ++core_->parts().recovering;
    call.await(deadline);
}

void Channel::close(Deadline deadline) {
    core_->close(deadline);
}
bool Channel::is_open() const noexcept {
    return core_ != nullptr && core_->is_open();
}
std::uint16_t Channel::number() const noexcept {
    return core_->number();
}

}  // namespace tendril::amqp
