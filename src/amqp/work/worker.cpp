// SPDX-License-Identifier: MIT

#include <tendril/amqp/worker.hpp>

#include <utility>

#include "amqp/work/worker_core.hpp"

namespace tendril::amqp {

Worker::Worker(Client& client, std::string_view name, std::vector<AnyTask> tasks, const WorkerOptions& options)
    : core_(std::make_unique<detail::WorkerCore>(client, name, std::move(tasks), options)) {}

Worker::~Worker() = default;

void Worker::run() {
    core_->run();
}

void Worker::stop() {
    core_->stop();
}

WorkerStats Worker::stats() const noexcept {
    return core_->stats();
}

}  // namespace tendril::amqp
