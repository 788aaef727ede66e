// SPDX-License-Identifier: MIT

#include <tendril/amqp/client.hpp>

#include <utility>

#include "amqp/client/client_consumer.hpp"
#include "amqp/client/client_core.hpp"
#include "amqp/client/publisher_core.hpp"
#include "amqp/connection/channel_core.hpp"

namespace tendril::amqp {

Client::Client(Url url, ClientOptions options) : core_(std::make_shared<detail::ClientCore>(url, std::move(options))) {
    core_->start();
}

Client::~Client() {
    core_->close_now();
}

std::vector<std::string> Client::declare(Topology topology, Deadline deadline) {
    core_->check_thread();
    const std::vector<std::string> names = detail::name_queues(topology);
    const std::vector<detail::Declaration> steps = detail::in_order(topology);
    const auto core = core_;
    try {
        core->with_channel(deadline, [&](Channel& channel) {
            for (const detail::Declaration& each : steps) {
                detail::declare(channel, each, deadline);
                core->plan().add(each);
            }
        });
    } catch (const TimeoutError&) {
        core->declare_later(steps);
        throw;
    } catch (const Interrupt&) {
        core->declare_later(steps);
        throw;
    }
    return names;
}

void Client::remove_queue(std::string_view name, Deadline deadline) {
    core_->check_thread();
    core_->plan().remove_queue(name);
    core_->with_channel(deadline, [&](Channel& channel) { channel.delete_queue(name, false, false, deadline); });
}

void Client::remove_exchange(std::string_view name, Deadline deadline) {
    core_->check_thread();
    core_->plan().remove_exchange(name);
    core_->with_channel(deadline, [&](Channel& channel) { channel.delete_exchange(name, false, deadline); });
}

void Client::remove_binding(const Binding& binding, Deadline deadline) {
    core_->check_thread();
    core_->plan().remove_binding(binding);
    core_->with_channel(deadline, [&](Channel& channel) {
        channel.unbind_queue(binding.queue, binding.exchange, binding.key, binding.arguments, deadline);
    });
}

Publisher Client::publisher(std::string_view exchange, PublisherOptions options) {
    core_->check_thread();
    auto core = std::make_shared<detail::PublisherCore>(core_, exchange, options);
    core_->publishing().want(*core);
    return detail::PublisherMaker::make(std::move(core));
}

Consumer Client::consumer(std::string_view queue, ConsumeOptions options) {
    core_->check_thread();
    auto core = std::make_shared<detail::ClientConsumer>(core_, queue, std::move(options));
    core_->other().want(*core);
    return detail::ConsumerMaker::make(std::move(core));
}

QueueInfo Client::queue_info(std::string_view queue, Deadline deadline) {
    core_->check_thread();
    return core_->with_channel(
        deadline, [&](Channel& channel) { return channel.declare_queue(queue, {.passive = true}, deadline); });
}

std::uint32_t Client::purge_queue(std::string_view queue, Deadline deadline) {
    core_->check_thread();
    return core_->with_channel(deadline, [&](Channel& channel) { return channel.purge_queue(queue, deadline); });
}

std::optional<Delivery> Client::get(std::string_view queue, Deadline deadline) {
    core_->check_thread();
    const auto core = core_;
    return core->get(queue, deadline);
}

Channel Client::open_channel(Deadline deadline) {
    core_->check_thread();
    const auto core = core_;
    for (;;) {
        const auto connection = core->other().await_up(deadline);
        try {
            return detail::ChannelMaker::make(connection->open_channel(deadline));
        } catch (const std::exception&) {
            if (connection->error() == nullptr) {
                throw;
            }
        }
    }
}

bool Client::connected() const noexcept {
    return core_->connected();
}

bool Client::blocked() const noexcept {
    return core_->blocked();
}

ClientStats Client::stats() const noexcept {
    return core_->stats();
}

void Client::wait_connected(Deadline deadline) {
    core_->check_thread();
    core_->wait_connected(deadline);
}

void Client::close(Deadline deadline) {
    core_->close(deadline);
}

}  // namespace tendril::amqp
