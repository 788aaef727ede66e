// SPDX-License-Identifier: MIT
//
// TaskSet, TaskArrivals and TaskSlot: the insides of a TaskGraph.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/list.hpp>
#include <tendril/detail/hub/observer.hpp>
#include <tendril/detail/pool/task_set.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/semaphore.hpp>

#include "pool/shield_if_hub.hpp"

namespace tendril::detail {

// The completions of some nodes, in their order, for one green thread to read.
class TaskArrivals : public ListNode {
public:
    // Throws: std::logic_error when the running green thread is the task of one of them.
    TaskArrivals(TaskSet& set, std::vector<TaskNode*> nodes);

    std::size_t size() const noexcept { return size_; }
    std::size_t count() const noexcept { return arrived_.size(); }  // so far
    bool arrived(std::size_t i) const noexcept { return i < count(); }

    // Waits for the i-th node to complete. Returns: it; nullptr if the deadline came first.
    // Throws: std::logic_error if the graph is destroyed meanwhile; Interrupt.
    TaskNode* at(std::size_t i, const char* what, Deadline deadline);

    // Requires: at(i) has returned nullptr. Throws: TimeoutError, which names a key that is late.
    [[noreturn]] void time_out(std::size_t i) const;

    void graph_is_gone() noexcept;

private:
    struct Member : Observer {
        TaskArrivals* all = nullptr;
        TaskNode* node = nullptr;
        Member() noexcept;
    };

    std::size_t size_;
    std::vector<TaskNode*> arrived_;
    std::unique_ptr<Member[]> pending_;
    bool gone_ = false;
    WaitQueue waiters_{"a TaskGraph"};
};

// All tasks of a graph.
class TaskSet {
public:
    explicit TaskSet(std::size_t limit);
    TaskSet(const TaskSet&) = delete;
    TaskSet& operator=(const TaskSet&) = delete;

    void check_thread() const { joiners_.check_thread(); }

    // To call before a node's green thread is spawned, and after; the second cannot fail.
    // Throws: Collision; std::invalid_argument for a cycle, which it prints.
    void check_new(TaskNode& node, const std::vector<TaskNode*>& needs);
    void begun(TaskNode& node, std::vector<TaskNode*> needs, AnyGreenlet worker) noexcept;

    void ended(TaskNode& node) noexcept;
    void complete(TaskNode& node, TaskNode::State state) noexcept;

    // Wait for the ends of all tasks; kill_all() kills them first. Return: false if the deadline came first.
    // Throw: std::logic_error in one of the tasks (join() only); Interrupt.
    bool join(Deadline deadline);
    bool kill_all(Deadline deadline);

    // Joins, or kills and joins; then all waiters for values throw.
    void end(bool by_killing) noexcept;

    std::size_t running() const noexcept { return running_; }
    std::size_t waiting() const noexcept { return waiting_; }

private:
    friend class TaskArrivals;
    friend class TaskSlot;
    bool join_all(Deadline deadline);
    void report_unseen(const TaskNode& node, const std::exception_ptr& error) const noexcept;

    std::vector<TaskNode*> spawned_;  // ever
    Semaphore slots_;
    std::size_t running_ = 0;
    std::size_t waiting_ = 0;  // among them
    std::uint64_t completions_ = 0;
    bool ending_ = false;                // refuses to spawn
    std::optional<ShieldIfHub> shield_;  // from end() on
    List<TaskArrivals> readers_;
    mutable WaitQueue joiners_{"a TaskGraph"};
};

// The right of one task to run. The task gives it up while it waits.
class TaskSlot {
public:
    TaskSlot(TaskSet& set, TaskArrivals& needs) noexcept : set_(set), needs_(needs) {}
    TaskSlot(const TaskSlot&) = delete;
    TaskSlot& operator=(const TaskSlot&) = delete;
    ~TaskSlot();

    void take();

    // Wait for a dependency: see input().
    TaskNode& arrival(std::size_t i);
    void await(TaskNode& need);
    std::size_t needs() const noexcept { return needs_.size(); }

private:
    template <class F>
    void wait_by(F wait);  // counted as waiting
    TaskNode& wait(std::size_t i);

    TaskSet& set_;
    TaskArrivals& needs_;
    bool taken_ = false;
};

}  // namespace tendril::detail
