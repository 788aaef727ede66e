// SPDX-License-Identifier: MIT
// Floor: sync
//
// JoinableQueue: a Queue that knows when everything that was put has been dealt with.
//
//     JoinableQueue<Job> jobs;                      for (;;) {
//     jobs.put(a); jobs.put(b);                         auto task = jobs.get_task();   // task_done() when it goes
//     jobs.join();                                      work(*task);
//                                                   }

#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include <tendril/queue.hpp>

namespace tendril {

template <class T>
class JoinableQueue : public Queue<T> {
public:
    // An item and the duty to say that it is done.
    class Task {
    public:
        Task(JoinableQueue& queue, T item) : queue_(&queue), item_(std::move(item)) {}
        Task(Task&& other) noexcept : queue_(std::exchange(other.queue_, nullptr)), item_(std::move(other.item_)) {}
        Task& operator=(Task&&) = delete;
        ~Task() {
            if (queue_ != nullptr) {
                queue_->task_done();
            }
        }
        T& operator*() noexcept { return item_; }
        T* operator->() noexcept { return &item_; }

    private:
        JoinableQueue* queue_;
        T item_;
    };

    using Queue<T>::Queue;

    // get(), with the task_done() that belongs to it.
    Task get_task(Deadline deadline = never) { return Task(*this, this->get(deadline)); }

    // For each item got with get(), once it is dealt with. Throws: std::logic_error for one too many.
    void task_done() {
        if (unfinished_tasks() == 0) {
            throw std::logic_error("task_done() was called more often than items were put");
        }
        if (++done_ == this->admitted_) {
            joiners_.wake_all(detail::Outcome::signalled);
        }
    }

    // Waits until task_done() was called for every item that was put.
    // Returns: false when the deadline came first. Throws: ShutDown when it was shut down at once; Interrupt.
    bool join() { return wait_for_all(never); }
    [[nodiscard("it says whether all was done in time")]] bool join(Deadline deadline) {
        return wait_for_all(deadline);
    }

    // As Queue::shutdown. Immediately: what is dropped counts as done, and who joins gets ShutDown.
    void shutdown(bool immediate = false) {
        const std::size_t dropped = immediate ? this->size() : 0;
        Queue<T>::shutdown(immediate);
        done_ += dropped;
        if (immediate) {
            joiners_.wake_all(detail::Outcome::closed);
        }
    }

    std::uint64_t unfinished_tasks() const noexcept { return this->admitted_ - done_; }

private:
    bool wait_for_all(Deadline deadline) {
        joiners_.check_thread();
        while (unfinished_tasks() != 0) {
            switch (joiners_.wait("JoinableQueue::join", nullptr, deadline)) {
            case detail::Outcome::timed_out:
                return false;
            case detail::Outcome::closed:
                throw ShutDown();
            default:
                break;
            }
        }
        return true;
    }

    std::uint64_t done_ = 0;
    detail::WaitQueue joiners_{"a JoinableQueue"};
};

}  // namespace tendril
