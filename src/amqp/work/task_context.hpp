// SPDX-License-Identifier: MIT
//
// What current_task() and progress() find in the green thread that runs a task for a Worker.

#pragma once

#include <tendril/amqp/publisher.hpp>
#include <tendril/amqp/task.hpp>

#include "amqp/work/task_message.hpp"

namespace tendril::amqp::detail {

struct TaskContext {
    CurrentTask current;
    const Request* request;
    Publisher* progress;
};

// While it lives, this green thread runs that task.
class InTask {
public:
    explicit InTask(const TaskContext& context);
    InTask(const InTask&) = delete;
    InTask& operator=(const InTask&) = delete;
    ~InTask();
};

}  // namespace tendril::amqp::detail
