// SPDX-License-Identifier: MIT
//
// TaskSet: the part of a TaskGraph that needs neither the type of its keys nor of its values: which task waits for
// which, which may run, what becomes of failures. Not for users. Declared in src/pool/task_set.hpp.

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/list.hpp>
#include <tendril/detail/hub/observer.hpp>
#include <tendril/greenlet.hpp>

namespace tendril {
class PropagateError;
}

namespace tendril::detail {

class TaskArrivals;
class TaskSet;
class TaskSlot;

// One key. Observes the end of its green thread. Lives as long as its graph.
struct TaskNode : Observer {
    enum class State : std::uint8_t {
        unknown,  // named by somebody who waits for it, or as a dependency; not spawned or posted yet
        spawned,  // its green thread lives
        value,
        failed
    };

    TaskSet& tasks;
    const std::string text;  // of its key
    State state = State::unknown;
    bool has_value = false;        // the green thread has put it there
    bool seen = false;             // code outside has seen the failure
    std::size_t needed_by = 0;     // dependents, so far
    std::uint64_t number = 0;      // completions of a graph are numbered in order
    AnyGreenlet worker;            // nobody for what was posted
    std::vector<TaskNode*> needs;  // its dependencies
    List<Observer> observers;      // of its completion

    // Of a failure: the first error, whose it was, and how it came here: "c -> b -> a"; empty when it is its own.
    std::exception_ptr error;
    std::exception_ptr late_error;  // thrown after it had posted its own value
    TaskNode* origin = nullptr;
    std::string path;

    TaskNode(TaskSet& s, std::string key);

    bool completed() const noexcept { return state == State::value || state == State::failed; }

    const std::string& way() const noexcept { return path.empty() ? text : path; }

    // In a catch clause of its green thread: takes the failure down. Rethrows a kill.
    void take_exception();
    void check_post(bool replace) const;  // throws Collision
    void post() noexcept;                 // a value was put there
    void fail(std::exception_ptr failure, bool replace);
    void check_known() const;  // throws std::invalid_argument for a key that was not spawned or posted
    bool kill(Deadline deadline);
    bool has_need(const TaskNode& other) const noexcept;

    [[noreturn]] void throw_failure();  // PropagateError
    void tell_failure();                // to somebody outside of the graph: throws PropagateError when it has failed
};

using TaskNodes = std::vector<TaskNode*>;

// The tasks of a graph together.
struct EndTasks {
    void operator()(TaskSet* tasks) const noexcept;
};
using TaskSetPtr = std::unique_ptr<TaskSet, EndTasks>;
TaskSetPtr make_tasks(std::size_t limit);

void check_thread(const TaskSet& tasks);  // throws WrongThread

// Before a node's green thread is spawned, and after: the second can't fail.
// Throws: Collision; std::invalid_argument for a cycle, which it prints.
void check_new(TaskSet& tasks, TaskNode& node, const TaskNodes& needs);
void begun(TaskSet& tasks, TaskNode& node, TaskNodes needs, AnyGreenlet worker) noexcept;

// In the node's green thread: waits for what it needs, unless early, and for room under the limit; then calls
// make(context, slot), which puts the value there.
void run_task(TaskNode& node, bool early, void (*make)(void* context, TaskSlot& slot), void* context);

// Of a task that runs: its dependencies, each waited for: the i-th to complete; this one.
// Throw: PropagateError when it has failed; std::invalid_argument when it is not one of them; Interrupt.
std::size_t input_count(const TaskSlot& slot) noexcept;
TaskNode& input(TaskSlot& slot, std::size_t i);
TaskNode& input(TaskSlot& slot, const TaskNode& task, TaskNode& wanted);

// false: not within the deadline. Throw: std::logic_error in one of the tasks; Interrupt.
bool join_tasks(TaskSet& tasks, Deadline deadline);
bool kill_tasks(TaskSet& tasks, Deadline deadline);

// Joins, or kills and joins; then nobody can wait for anything any more. What follows until the TaskSet goes is under a
// Shield.
void end_tasks(TaskSet& tasks, bool by_killing) noexcept;

std::size_t running(const TaskSet& tasks) noexcept;
std::size_t waiting(const TaskSet& tasks) noexcept;

// The completions of some nodes, in their order. For one green thread.
struct EndArrivals {
    void operator()(TaskArrivals* arrivals) const noexcept;
};
using TaskArrivalsPtr = std::unique_ptr<TaskArrivals, EndArrivals>;

// Throws: std::logic_error when the running green thread is the task of one of them.
TaskArrivalsPtr make_arrivals(TaskSet& tasks, TaskNodes nodes);
std::size_t arrival_count(const TaskArrivals& arrivals) noexcept;  // of all

// The i-th to complete, waited for, however it completed. Throws: TimeoutError; std::logic_error when the graph was
// destroyed; Interrupt.
TaskNode& completion(TaskArrivals& arrivals, std::size_t i, Deadline deadline);

// The same, of those that have (failed: have not) a value, counted on from *next, which passes those that are of the
// other kind. Returns: nullptr at the end.
TaskNode* next_of_kind(TaskArrivals& arrivals, std::size_t* next, bool failed, Deadline deadline);

// What a caller that asks for a failed node's value would be thrown. The failure counts as seen.
PropagateError failure_of(TaskNode& node);

// The i-th to complete, waited for. Throws: PropagateError; TimeoutError; std::logic_error when the graph was
// destroyed; Interrupt.
TaskNode& arrival(TaskArrivals& arrivals, std::size_t i, Deadline deadline);

// A key as text, by its operator<<.
std::string printed(void (*print)(std::ostream& out, const void* key), const void* key);

}  // namespace tendril::detail
