// SPDX-License-Identifier: MIT
// Floor: sync
//
// JoinableQueue: a Queue that knows when everything that was put has been dealt with; so do JoinableLifoQueue and
// JoinablePriorityQueue, which give their items in the order of a LifoQueue and a PriorityQueue.
//
//     JoinableQueue<Job> jobs;                      for (;;) {
//     jobs.put(a); jobs.put(b);                         auto task = jobs.get_task();   // task_done() when it goes
//     jobs.join();                                      work(*task);
//                                                   }
//
// First items given to the constructor count as put. With a number behind them there are that many unfinished tasks:
// for a queue whose state was kept somewhere, and some of whose items are with workers that will call task_done().
//
//     JoinableQueue<Job> jobs(unbounded, kept.waiting, kept.waiting.size() + kept.in_work.size());

#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>

#include <tendril/detail/base/stand.hpp>
#include <tendril/queue.hpp>

namespace tendril {

namespace detail {

// The green threads in join().
class Joiners {
public:
    // Waits until as many are done as were admitted. Returns: false if the deadline came first. Throws: ShutDown.
    bool wait_for(const std::uint64_t& admitted, const std::uint64_t& done, Deadline deadline);
    void wake(Outcome with) noexcept { waiters_.wake_all(with); }

private:
    Stands stands_;
    WaitQueue waiters_{"a JoinableQueue"};
};

// What JoinableQueue and its kin are: a queue that counts what is done.
template <class Base>
class BasicJoinableQueue : public Base {
    using T = typename Base::value_type;

public:
    // An item and the duty to say that it is done.
    class Task {
    public:
        Task(BasicJoinableQueue& queue, T item) : queue_(&queue), item_(std::move(item)) {}  // for the library
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
        BasicJoinableQueue* queue_;
        T item_;
    };

    using Base::Base;

    // Throws: std::invalid_argument for fewer unfinished tasks than items; otherwise as a Queue.
    template <class Range>
    requires std::constructible_from<Base, Size, Range>
    explicit BasicJoinableQueue(Size capacity, Range&& items, Size unfinished_tasks)
        : Base(capacity, std::forward<Range>(items)) {
        begin_with_tasks(unfinished_tasks);
    }
    explicit BasicJoinableQueue(Size capacity, std::initializer_list<T> items, Size unfinished_tasks)
        : Base(capacity, items) {
        begin_with_tasks(unfinished_tasks);
    }

    // As Queue::copy(). Its unfinished tasks are the items that it holds; those that were taken and not dealt with yet
    // are this queue's alone.
    BasicJoinableQueue copy() const requires std::copy_constructible<T> { return BasicJoinableQueue(Copied(), *this); }

    // get(), with the task_done() that belongs to it.
    Task get_task(Deadline deadline = never) { return Task(*this, this->get(deadline)); }

    // For each item got with get(), once it is dealt with. Throws: std::logic_error for one too many.
    void task_done() {
        if (unfinished_tasks() == 0) {
            throw std::logic_error("task_done() was called more often than items were put");
        }
        if (++done_ == this->admitted_) {
            joiners_.wake(Outcome::signalled);
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
        Base::shutdown(immediate);
        done_ += dropped;
        if (immediate) {
            joiners_.wake(Outcome::closed);
        }
    }

    // How many items were put and are not done.
    std::uint64_t unfinished_tasks() const noexcept { return this->admitted_ - done_; }

private:
    using typename Base::Copied;
    BasicJoinableQueue(Copied copied, const BasicJoinableQueue& other) : Base(copied, other) {}

    void begin_with_tasks(std::size_t unfinished) {
        if (unfinished < this->size()) {
            throw std::invalid_argument(
                "a JoinableQueue with " + std::to_string(this->size()) +
                " first items cannot have fewer unfinished tasks: " + std::to_string(unfinished));
        }
        this->admitted_ = unfinished;
    }

    bool wait_for_all(Deadline deadline) { return joiners_.wait_for(this->admitted_, done_, deadline); }

    std::uint64_t done_ = 0;
    Joiners joiners_;
};

}  // namespace detail

template <class T>
using JoinableQueue = detail::BasicJoinableQueue<Queue<T>>;  // A Queue that counts what is done

template <class T>
using JoinableLifoQueue = detail::BasicJoinableQueue<LifoQueue<T>>;  // A LifoQueue that counts what is done

// A PriorityQueue that counts what is done.
template <class T, class Less = std::less<T>>
using JoinablePriorityQueue = detail::BasicJoinableQueue<PriorityQueue<T, Less>>;

}  // namespace tendril
