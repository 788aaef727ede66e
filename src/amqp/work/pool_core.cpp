// SPDX-License-Identifier: MIT

#include "amqp/work/pool_core.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue_error.hpp>

#include "amqp/work/patient_publish.hpp"
#include "amqp/work/progress_bar.hpp"
#include "amqp/work/task_message.hpp"
#include "base/on_exit.hpp"

namespace tendril::amqp::detail {

using tendril::detail::OnExit;

namespace {

// Declares all, and returns the name of the queue for replies.
std::string declared(Client& client, const std::string& name, const PoolOptions& options, Deadline deadline) {
    std::string reply = name + ".reply." + random_id();
    Topology topology = task_topology(name, options.queue);
    topology.queues.push_back(results_queue(reply));
    client.declare(std::move(topology), deadline);
    return reply;
}

PublisherOptions window_of(const PoolOptions& options) {
    return {.window = options.window};
}

}  // namespace

PoolCore::PoolCore(Client& client, std::string_view name, const PoolOptions& options, Deadline deadline)
    : client_(client), name_(name), reply_name_(declared(client, name_, options, deadline)),
      requests_(client.publisher("", window_of(options))),
      cancels_(client.publisher(cancel_exchange(name_), {.mandatory = false, .persistent = false})),
      replies_(client.consumer(reply_name_, {.prefetch = 1000})), draws_bars_(options.bar), id_prefix_(random_id()) {}

void PoolCore::start() {
    spawn_n({.name = "amqp::Pool, replies", .daemon = true}, [self = shared_from_this()] { self->take_replies(); });
}

std::string PoolCore::next_id() {
    return id_prefix_ + "-" + std::to_string(++last_id_);
}

std::shared_ptr<RemoteCall> PoolCore::call(std::string_view task, Message request, const std::string& batch,
                                           bool answered, Deadline deadline) {
    if (closed_) {
        throw ShutDown();
    }
    const std::string id = next_id();
    const std::string& cancelled_by = batch.empty() ? id : batch;
    write_request({.task = task,
                   .id = id,
                   .reply_to = answered ? std::string_view(reply_name_) : std::string_view(),
                   .batch = cancelled_by},
                  request);
    std::shared_ptr<RemoteCall> call;
    if (answered) {
        call = std::make_shared<RemoteCall>(shared_from_this(), id);
        calls_.emplace(id, call.get());  // the reply may come before the confirmation
    }
    try {
        publish_patiently(requests_, name_, request, deadline);
    } catch (const Interrupt&) {
        if (batch.empty()) {
            cancel_later(id);  // it may be with the broker
        }
        throw;
    } catch (const Unconfirmed&) {
        if (!call || !call->ready()) {
            throw;
        }
    }
    return call;
}

void PoolCore::take_replies() {
    try {
        for (;;) {
            Delivery delivery = replies_.get();
            dispatch(delivery.take_message());
            delivery.ack();
        }
    } catch (const std::exception&) {
        end_calls(std::current_exception());
    }
}

void PoolCore::dispatch(Message reply) {
    const auto at = calls_.find(reply.properties.correlation_id);
    if (at == calls_.end()) {
        return;
    }
    RemoteCall& call = *at->second;
    switch (kind_of(reply)) {
    case ReplyKind::progress:
        call.progress_ = progress_of(reply);
        return;
    case ReplyKind::result:
        calls_.erase(at);
        call.end(std::move(reply), nullptr);
        return;
    case ReplyKind::error:
    case ReplyKind::lost:
        calls_.erase(at);
        call.end({}, error_of(reply));
        return;
    case ReplyKind::unknown:
        return;  // of a later version
    }
}

void PoolCore::end_calls(const std::exception_ptr& why) {
    closed_ = true;
    const auto calls = std::exchange(calls_, {});
    for (const auto& [id, call] : calls) {
        call->end({}, why);
    }
}

void PoolCore::cancel_later(std::string batch) noexcept {
    if (closed_) {
        return;
    }
    try {
        to_cancel_.push_back(std::move(batch));
        if (!cancelling_) {
            spawn_n({.name = "amqp::Pool, cancels", .daemon = true}, [self = shared_from_this()] {
                self->send_cancels(never);
                self->cancelling_ = false;
            });
            cancelling_ = true;
        }
    } catch (const std::exception&) {  // out of memory: they run for nobody
    }
}

void PoolCore::send_cancels(Deadline deadline) {
    try {
        while (!to_cancel_.empty() && !closed_) {
            std::vector<std::string> batches = std::exchange(to_cancel_, {});
            for (std::string& batch : batches) {
                cancels_.publish_later("", {.body = std::move(batch)}, deadline);
            }
        }
    } catch (const std::exception&) {  // best effort: they run for nobody
    }
}

void PoolCore::close() {
    if (client_.connected()) {
        leave(std::chrono::seconds(1));
    } else {
        leave(std::chrono::nanoseconds(0));
    }
}

void PoolCore::leave(Deadline deadline) {
    send_cancels(deadline);
    end_calls(std::make_exception_ptr(ShutDown()));
    try {
        cancels_.flush(deadline);
    } catch (const std::exception&) {  // as above
    }
    try {
        replies_.close(deadline);  // closed all the same; take_replies() ends
        client_.remove_queue(reply_name_, deadline);
    } catch (const std::exception&) {  // it expires
    }
}

RemoteCall::RemoteCall(std::shared_ptr<PoolCore> pool, std::string id) : pool_(std::move(pool)), id_(std::move(id)) {}

RemoteCall::~RemoteCall() {
    if (!ready()) {
        pool_->forget(id_);
    }
}

void RemoteCall::end(Message reply, const std::exception_ptr& error) {
    reply_ = std::move(reply);
    error_ = error;
    ended_.set();
}

const Message& RemoteCall::get(Deadline deadline) const {
    if (!ended_.wait(deadline)) {
        throw TimeoutError("RemoteTask::get");
    }
    if (error_) {
        std::rethrow_exception(error_);
    }
    return reply_;
}

void RemoteCall::cancel() {
    if (!ready()) {
        pool_->forget(id_);
        pool_->cancel_later(id_);
        end({}, std::make_exception_ptr(ShutDown()));
    }
}

std::shared_ptr<RemoteCall> call_remotely(const std::shared_ptr<PoolCore>& pool, std::string_view task, Message request,
                                          const std::string& batch, bool answered, Deadline deadline) {
    return pool->call(task, std::move(request), batch, answered, deadline);
}

RemoteBatch::RemoteBatch(std::shared_ptr<PoolCore> pool, std::optional<std::size_t> total)
    : pool_(std::move(pool)), id_(pool_->next_id()) {
    if (pool_->draws_bars()) {
        bar_ = ProgressBar::begin(STDERR_FILENO, pool_->name(), [this, total] {
            Progress progress{.ended = ended_, .total = total};
            for (const RemoteCall* call : running_) {
                progress.parts += std::clamp(call->progress().value_or(0), 0.0, 1.0);
            }
            return progress;
        });
    }
}

RemoteBatch::~RemoteBatch() {
    if (abandoned_) {
        pool_->cancel_later(std::move(id_));
    }
}

Message RemoteBatch::run(std::string_view task, Message request) {
    try {
        const std::shared_ptr<RemoteCall> call = pool_->call(task, std::move(request), id_, true, never);
        return bar_ != nullptr ? await(*call) : call->get(never);
    } catch (const std::exception&) {
        throw;
    } catch (...) {
        abandoned_ = true;  // killed, as the imap goes
        throw;
    }
}

// get(), seen by the bar.
const Message& RemoteBatch::await(const RemoteCall& call) {
    running_.insert(&call);
    const OnExit told([&] {
        running_.erase(&call);
        ended_ += call.ready() ? 1 : 0;
    });
    return call.get(never);
}

PoolHandle::~PoolHandle() {
    core_->close();
}

std::shared_ptr<PoolCore> make_pool(Client& client, std::string_view name, const PoolOptions& options,
                                    Deadline deadline) {
    auto core = std::make_shared<PoolCore>(client, name, options, deadline);
    core->start();
    return core;
}

QueueInfo pool_backlog(PoolCore& pool, Deadline deadline) {
    return pool.backlog(deadline);
}

}  // namespace tendril::amqp::detail
