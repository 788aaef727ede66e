// SPDX-License-Identifier: MIT

#include "amqp/work/task_context.hpp"

#include <chrono>
#include <exception>
#include <stdexcept>

#include <tendril/local.hpp>

namespace tendril::amqp {

namespace detail {

namespace {

const Local<const TaskContext*>& context_slot() {
    static const Local<const TaskContext*> context;
    return context;
}

const TaskContext* context_here() {
    const TaskContext* const* there = context_slot().get_if();
    return there != nullptr ? *there : nullptr;
}

}  // namespace

InTask::InTask(const TaskContext& context) {
    context_slot() = &context;
}

InTask::~InTask() {
    *context_slot().get_if() = nullptr;
}

}  // namespace detail

const CurrentTask& current_task() {
    const detail::TaskContext* const context = detail::context_here();
    if (context == nullptr) {
        throw std::logic_error("amqp::current_task(): this green thread runs no task for a Worker; what a task spawns "
                               "gets the id as an argument");
    }
    return context->current;
}

void progress(double done) {
    const detail::TaskContext* const context = detail::context_here();
    if (context == nullptr || context->request->reply_to.empty()) {
        return;
    }
    try {
        context->progress->publish_later(context->request->reply_to, detail::progress_reply(*context->request, done),
                                         std::chrono::seconds(1));
    } catch (const std::exception&) {  // the next one will do
    }
}

}  // namespace tendril::amqp
