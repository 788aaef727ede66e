// SPDX-License-Identifier: MIT
//
// All tasks of a TaskGraph: which may be spawned, and how they end.

#include "pool/task_set.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include <tendril/error.hpp>
#include <tendril/shield.hpp>
#include <tendril/task_graph.hpp>

#include "base/report.hpp"
#include "hub/here.hpp"

namespace tendril {

Collision::Collision(const std::string& key, const char* instead)
    : std::invalid_argument("the TaskGraph already has \"" + key + "\" as a task or a value; " + instead) {}

namespace {

std::string failure_text(const std::string& key, const std::string& path, const std::exception_ptr& error) {
    return "task \"" + key + "\" failed" + (path == key ? "" : ", and with it " + path) + ": " +
           detail::describe(error);
}

}  // namespace

// Call it in a catch clause for `error`, which nested_exception then holds.
PropagateError::PropagateError(std::string key, std::string path)
    : std::runtime_error(failure_text(key, path, std::current_exception())), key_(std::move(key)),
      path_(std::move(path)) {}

namespace detail {

TaskSet::TaskSet(std::size_t limit) : slots_(limit) {
    if (limit == 0) {
        throw std::invalid_argument("a TaskGraph with a limit of 0 could run nothing; leave it out for no limit");
    }
    check_thread();
}

namespace {

// A cycle must lead back to the new node, so there is none unless another task already depends on it.
void check_cycle(TaskNode& node, const std::vector<TaskNode*>& needs) {
    if (node.needed_by == 0 && std::find(needs.begin(), needs.end(), &node) == needs.end()) {
        return;
    }
    std::unordered_map<TaskNode*, TaskNode*> dependent_of;  // the node from which the search came
    std::vector<TaskNode*> open;
    const auto look_at = [&](const std::vector<TaskNode*>& dependencies, TaskNode* dependent) {
        for (TaskNode* need : dependencies) {
            if (dependent_of.emplace(need, dependent).second) {
                open.push_back(need);
            }
        }
    };
    look_at(needs, &node);
    while (!open.empty()) {
        TaskNode* next = open.back();
        open.pop_back();
        if (next == &node) {
            std::string cycle = node.text;
            for (TaskNode* n = dependent_of[&node]; n != &node; n = dependent_of[n]) {
                cycle = n->text + " -> " + cycle;
            }
            throw std::invalid_argument("these tasks would wait for each other without end: " + node.text + " -> " +
                                        cycle);
        }
        if (next->state == TaskNode::State::spawned) {
            look_at(next->needs, next);
        }
    }
}

}  // namespace

void TaskSet::check_new(TaskNode& node, const std::vector<TaskNode*>& needs) {
    if (ending_) {
        throw std::logic_error("the TaskGraph is being destroyed, and \"" + node.text + "\" can no longer be spawned");
    }
    if (node.state != TaskNode::State::unknown) {
        throw Collision(node.text, "spawn each key once");
    }
    check_cycle(node, needs);
    if (spawned_.size() == spawned_.capacity()) {
        constexpr std::size_t some = 16;
        spawned_.reserve(spawned_.size() * 2 + some);
    }
}

void TaskSet::begun(TaskNode& node, std::vector<TaskNode*> needs, AnyGreenlet worker) noexcept {
    node.needs = std::move(needs);
    node.worker = std::move(worker);
    node.worker.observe(node);
    node.state = TaskNode::State::spawned;
    for (TaskNode* need : node.needs) {
        ++need->needed_by;
    }
    spawned_.push_back(&node);
    ++running_;
}

void TaskSet::ended(TaskNode& node) noexcept {
    --running_;
    if (node.has_value) {
        for (TaskNode* need : node.needs) {
            if (need->state == TaskNode::State::failed) {
                need->origin->seen = true;  // this task has coped with the failure
            }
        }
    } else if (node.error == nullptr && !node.completed()) {
        node.error = std::make_exception_ptr(GreenletKilled("it was killed"));
        node.seen = true;
    }
    if (!node.completed()) {
        complete(node, node.has_value ? TaskNode::State::value : TaskNode::State::failed);
    } else if (node.late_error != nullptr) {
        report_unseen(node, node.late_error);  // it had posted its value, so nobody can ask for this
    }
    if (running_ == 0) {
        joiners_.wake_all(Outcome::signalled);
    }
}

void TaskSet::complete(TaskNode& node, TaskNode::State state) noexcept {
    node.state = state;
    node.number = ++completions_;
    if (state == TaskNode::State::failed && node.origin == nullptr) {
        node.origin = &node;
    }
    notify_all(node.observers);
}

// Refers to nothing here once it was woken: another joiner may have destroyed the graph since.
bool TaskSet::join_all(Deadline deadline) {
    return running_ == 0 || joiners_.wait("TaskGraph::wait_all", nullptr, deadline) == Outcome::signalled;
}

bool TaskSet::join(Deadline deadline) {
    check_thread();
    const std::uint64_t me = current_id();
    for (const TaskNode* node : spawned_) {
        if (node->worker.id() == me) {
            throw std::logic_error("task \"" + node->text + "\" waits for all tasks of its graph, itself included, " +
                                   "which would never end");
        }
    }
    return join_all(deadline);
}

bool TaskSet::kill_all(Deadline deadline) {
    check_thread();
    std::vector<AnyGreenlet> workers;
    for (const TaskNode* node : spawned_) {
        if (!node->worker.ready()) {
            workers.push_back(node->worker);
        }
    }
    return tendril::kill_all(workers, deadline) == 0;
}

void TaskSet::report_unseen(const TaskNode& node, const std::exception_ptr& error) const noexcept {
    const ErrorContext context{node.worker.id(), node.text, node.worker.where(), "task of a TaskGraph"};
    if (here::has_hub()) {
        here::report(context, error);
    } else {
        report("a task of a TaskGraph whose hub is gone", error);
    }
}

void TaskSet::end(bool by_killing) noexcept {
    shield_.emplace();
    if (running_ != 0 && here::has_hub()) {
        try {
            check_thread();
            here::refuse_in_callback();
        } catch (...) {
            report("a TaskGraph was destroyed, and could not wait for the ends of its tasks", std::current_exception());
            std::abort();
        }
    }
    ending_ = by_killing;
    while (running_ != 0) {
        const Shield shield;
        if (ending_) {
            for (const TaskNode* node : spawned_) {
                if (!node->worker.ready()) {
                    node->worker.kill_nowait();
                }
            }
        }
        try {
            join_all(never);
        } catch (const LoopExit&) {  // they wait for values that nothing will post
            here::report({0, {}, {}, "end of a TaskGraph"}, std::current_exception());
            ending_ = true;
        }
    }
    for (const TaskNode* node : spawned_) {
        if (node->state == TaskNode::State::failed && node->origin == node && !node->seen) {
            report_unseen(*node, node->error);
        }
    }
    while (TaskArrivals* reader = readers_.pop_front()) {
        reader->graph_is_gone();
    }
}

// For TaskTable, which knows the types.

TaskSetPtr make_tasks(std::size_t limit) {
    return TaskSetPtr(new TaskSet(limit));
}

void EndTasks::operator()(TaskSet* tasks) const noexcept {
    delete tasks;
}

void check_thread(const TaskSet& tasks) {
    tasks.check_thread();
}

void check_new(TaskSet& tasks, TaskNode& node, const TaskNodes& needs) {
    tasks.check_new(node, needs);
}

void begun(TaskSet& tasks, TaskNode& node, TaskNodes needs, AnyGreenlet worker) noexcept {
    tasks.begun(node, std::move(needs), std::move(worker));
}

bool join_tasks(TaskSet& tasks, Deadline deadline) {
    return tasks.join(deadline);
}

bool kill_tasks(TaskSet& tasks, Deadline deadline) {
    return tasks.kill_all(deadline);
}

void end_tasks(TaskSet& tasks, bool by_killing) noexcept {
    tasks.end(by_killing);
}

std::size_t running(const TaskSet& tasks) noexcept {
    return tasks.running();
}

std::size_t waiting(const TaskSet& tasks) noexcept {
    return tasks.waiting();
}

std::string printed(void (*print)(std::ostream& out, const void* key), const void* key) {
    std::ostringstream out;
    print(out, key);
    return out.str();
}

}  // namespace detail
}  // namespace tendril
