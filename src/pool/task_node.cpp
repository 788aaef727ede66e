// SPDX-License-Identifier: MIT
//
// One key of a TaskGraph, the waiters for several keys, and a task's own waits.

#include "pool/task_set.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <tendril/error.hpp>
#include <tendril/shield.hpp>
#include <tendril/task_graph.hpp>

#include "base/escape.hpp"
#include "base/on_exit.hpp"
#include "base/timed_out.hpp"
#include "hub/here.hpp"

namespace tendril::detail {

TaskNode::TaskNode(TaskSet& s, std::string key)
    : Observer([](Observer& self) noexcept {
          auto& node = static_cast<TaskNode&>(self);
          node.tasks.ended(node);
      }),
      tasks(s), text(std::move(key)) {}

void TaskNode::take_exception() {
    try {
        throw;
    } catch (const GreenletExit&) {
        throw;
    } catch (...) {
        if (completed()) {  // by its own post(): what comes after that is nobody's value
            late_error = std::current_exception();
            return;
        }
    }
    try {
        throw;
    } catch (const PropagateError& e) {
        error = std::current_exception();
        for (TaskNode* need : needs) {
            if (need->state == State::failed && need->error == e.nested_ptr()) {
                error = need->error;
                origin = need->origin;
                path = text + " -> " + need->way();
                return;
            }
        }  // otherwise it is from another graph, and an error like any other
    } catch (const Interrupt& e) {
        error = std::make_exception_ptr(
            GreenletKilled("it was ended by an interrupt that it did not catch: " + std::string(e.what())));
    } catch (...) {
        error = std::current_exception();
    }
}

void TaskNode::check_post(bool replace) const {
    if (state == State::spawned && worker.id() != current_id()) {
        throw Collision(text, "kill its task before you post a value");
    }
    if (completed() && !replace) {
        throw Collision(text, "post(key, value, true) replaces it");
    }
}

bool TaskNode::kill(Deadline deadline) {
    if (state == State::unknown) {
        throw std::invalid_argument("there is no task \"" + text + "\" to be killed: it was not spawned");
    }
    return !worker || worker.kill(deadline);  // also if it has posted its value before its end
}

void TaskNode::post() noexcept {
    if (state != State::value) {
        error = nullptr;
        origin = nullptr;
        path.clear();
        tasks.complete(*this, State::value);
    }
}

void TaskNode::fail(std::exception_ptr failure, bool replace) {
    if (failure == nullptr) {
        throw std::invalid_argument("TaskGraph::post_exception() needs an error; nullptr is none");
    }
    check_post(replace);
    const bool had_completed = completed();
    error = std::move(failure);
    origin = nullptr;
    path.clear();
    seen = true;  // its poster knows of it: not reported if no caller asks
    if (had_completed) {
        state = State::failed;
        origin = this;
    } else {
        tasks.complete(*this, State::failed);
    }
}

void TaskNode::check_known() const {
    if (state == State::unknown) {
        throw std::invalid_argument("the TaskGraph does not know \"" + text + "\": it was not spawned or posted");
    }
}

void TaskNode::throw_failure() {
    try {
        std::rethrow_exception(error);
    } catch (...) {
        throw PropagateError(origin->text, way());
    }
}

bool TaskNode::has_need(const TaskNode& other) const noexcept {
    return std::find(needs.begin(), needs.end(), &other) != needs.end();
}

void TaskNode::tell_failure() {
    if (state == State::failed) {
        origin->seen = true;
        throw_failure();
    }
}

TaskArrivals::Member::Member() noexcept
    : Observer([](Observer& self) noexcept {
          auto& member = static_cast<Member&>(self);
          member.all->arrived_.push_back(member.node);  // has the capacity
          member.all->waiters_.wake_all(Outcome::signalled);
      }) {}

TaskArrivals::TaskArrivals(TaskSet& set, std::vector<TaskNode*> nodes) {
    std::sort(nodes.begin(), nodes.end());
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    size_ = nodes.size();
    const auto pending = std::partition(nodes.begin(), nodes.end(), [](TaskNode* n) { return n->completed(); });
    std::sort(nodes.begin(), pending, [](TaskNode* a, TaskNode* b) { return a->number < b->number; });
    arrived_.reserve(size_);
    arrived_.assign(nodes.begin(), pending);
    const auto left = static_cast<std::size_t>(nodes.end() - pending);
    if (left == 0) {
        return;
    }
    pending_ = std::make_unique<Member[]>(left);
    const std::uint64_t me = current_id();
    for (std::size_t i = 0; i < left; ++i) {
        TaskNode* node = pending[static_cast<std::ptrdiff_t>(i)];
        if (node->worker.id() == me) {
            throw std::logic_error("task \"" + node->text + "\" waits for its own value, which would never end");
        }
        pending_[i].all = this;
        pending_[i].node = node;
        node->observers.push_back(pending_[i]);
    }
    set.readers_.push_back(*this);
}

void TaskArrivals::time_out(std::size_t i) const {
    const std::size_t left = size_ - arrived_.size();
    const Member* first = pending_.get();
    while (first->node->completed()) {
        ++first;
    }
    std::string late = first->node->text;
    detail::time_out({.waited_ns = here::waited_ns(), .done = i, .whole = size_, .unit = "values"},
                     [late = std::move(late), left] {
                         return "TaskGraph: waiting for the value of task \"" + escaped(late) + '"' +
                                (left > 1 ? " and " + std::to_string(left - 1) + " more" : "");
                     });
}

TaskNode* TaskArrivals::at(std::size_t i, const char* what, Deadline deadline) {
    while (!arrived(i)) {
        if (gone_ || waiters_.wait(what, nullptr, deadline) == Outcome::closed) {
            throw std::logic_error(
                "a TaskGraph was destroyed while a green thread waited for its values; let it outlive its users");
        }
        if (!arrived(i) && deadline.passed()) {
            return nullptr;
        }
    }
    return arrived_[i];
}

void TaskArrivals::graph_is_gone() noexcept {
    gone_ = true;
    waiters_.wake_all(Outcome::closed);
}

TaskSlot::~TaskSlot() {
    if (taken_) {
        set_.slots_.release();
    }
}

template <class F>
void TaskSlot::wait_by(F wait) {
    ++set_.waiting_;
    const OnExit counted([this] { --set_.waiting_; });
    wait();
}

void TaskSlot::take() {
    if (!set_.slots_.try_acquire()) {
        wait_by([this] { set_.slots_.acquire(); });
    }
    taken_ = true;
}

TaskNode& TaskSlot::wait(std::size_t i) {
    if (!needs_.arrived(i)) {
        const OnExit retaken([this, had = taken_] {
            if (had) {
                const Shield shield;  // it has its slot again, whatever ended the wait
                take();
            }
        });
        if (std::exchange(taken_, false)) {
            set_.slots_.release();
        }
        wait_by([&] { needs_.at(i, "a TaskGraph (for what its task needs)", never); });
    }
    return *needs_.at(i, "", never);
}

TaskNode& TaskSlot::arrival(std::size_t i) {
    TaskNode& node = wait(i);
    if (node.state == TaskNode::State::failed) {
        node.throw_failure();
    }
    return node;
}

void TaskSlot::await(TaskNode& need) {
    for (std::size_t i = needs_.count(); !need.completed(); ++i) {
        wait(i);
    }
    if (need.state == TaskNode::State::failed) {
        need.throw_failure();
    }
}

// For TaskTable, which knows the types.

void run_task(TaskNode& node, bool early, void (*make)(void* context, TaskSlot& slot), void* context) {
    try {
        TaskArrivals needs(node.tasks, node.needs);
        TaskSlot slot(node.tasks, needs);
        for (std::size_t i = 0; !early && i < needs.size(); ++i) {
            slot.arrival(i);
        }
        slot.take();
        make(context, slot);
        node.has_value = true;
    } catch (...) {
        node.take_exception();
    }
}

std::size_t input_count(const TaskSlot& slot) noexcept {
    return slot.needs();
}

TaskNode& input(TaskSlot& slot, std::size_t i) {
    return slot.arrival(i);
}

TaskNode& input(TaskSlot& slot, const TaskNode& task, TaskNode& wanted) {
    if (!task.has_need(wanted)) {
        throw std::invalid_argument("task \"" + task.text + "\" asks for \"" + wanted.text +
                                    "\", which is not among those that it was spawned to need");
    }
    slot.await(wanted);
    return wanted;
}

TaskArrivalsPtr make_arrivals(TaskSet& tasks, TaskNodes nodes) {
    return TaskArrivalsPtr(new TaskArrivals(tasks, std::move(nodes)));
}

void EndArrivals::operator()(TaskArrivals* arrivals) const noexcept {
    delete arrivals;
}

std::size_t arrival_count(const TaskArrivals& arrivals) noexcept {
    return arrivals.size();
}

TaskNode& completion(TaskArrivals& arrivals, std::size_t i, Deadline deadline) {
    TaskNode* node = arrivals.at(i, "TaskGraph::get", deadline);
    if (node == nullptr) {
        arrivals.time_out(i);
    }
    return *node;
}

TaskNode& arrival(TaskArrivals& arrivals, std::size_t i, Deadline deadline) {
    TaskNode& node = completion(arrivals, i, deadline);
    node.tell_failure();
    return node;
}

TaskNode* next_of_kind(TaskArrivals& arrivals, std::size_t* next, bool failed, Deadline deadline) {
    while (*next < arrivals.size()) {
        TaskNode& node = completion(arrivals, *next, deadline);
        ++*next;  // not if that has thrown
        if ((node.state == TaskNode::State::failed) == failed) {
            return &node;
        }
    }
    return nullptr;
}

PropagateError failure_of(TaskNode& node) {
    try {
        node.tell_failure();
    } catch (const PropagateError& e) {
        return e;
    }
    throw std::logic_error("this key of a TaskGraph has a value by now: it was replaced");
}

}  // namespace tendril::detail
