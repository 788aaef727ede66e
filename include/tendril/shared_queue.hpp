// SPDX-License-Identifier: MIT
// Floor: sync
//
// SharedQueue: a queue between OS threads. Every call may be made by any OS thread, in its green threads or without
// any.
//
//     SharedQueue<Job> jobs(100);
//     std::thread worker([&] { for (Job& job : jobs) work(job); });    // an OS thread; it waits as a green thread
//     jobs.put(job);                                                   // other green threads run meanwhile
//
// Served first come, first served, whatever the OS thread. An item goes straight to the getter that waits; a getter
// that timed out or was killed takes no item; a put that failed has not moved from its argument. put() and get() make
// a hub for their OS thread only when they must wait; nothing else here ever does, nor does anything else wait.
//
// Items cross OS threads, so they must not hold what belongs to one, as Greenlet and AsyncResult do. They must be
// nothrow movable, and are moved under the queue's mutex: moving one must not use a Shared object, nor wait. Within one
// hub a Queue costs less. Example: examples/shared_queue.cpp

#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/mutex.hpp>
#include <tendril/detail/sync/choice.hpp>
#include <tendril/detail/sync/queue_base.hpp>
#include <tendril/detail/sync/queue_store.hpp>
#include <tendril/detail/sync/shared_wait.hpp>
#include <tendril/queue_error.hpp>
#include <tendril/size.hpp>

namespace tendril {

template <class T>
class SharedQueue : public detail::QueueBase<SharedQueue<T>, T, detail::Fifo<T>, detail::SharedWaitQueue> {
    using Base = detail::QueueBase<SharedQueue, T, detail::Fifo<T>, detail::SharedWaitQueue>;

public:
    // capacity: how many items it holds before put() waits. Throws: std::invalid_argument for 0 and less.
    explicit SharedQueue(Size capacity = unbounded) : Base("a SharedQueue", capacity, {}) {}

    // With first items, as a Queue.
    explicit SharedQueue(Size capacity, std::initializer_list<T> items) : SharedQueue(capacity) {
        Base::begin_with(items);
    }
    template <detail::FirstItems<T, detail::Fifo<T>> Range>
    explicit SharedQueue(Size capacity, Range&& items) : SharedQueue(capacity) {
        Base::begin_with(std::forward<Range>(items));
    }

    // Requires: nobody waits, and no call goes on. Aborts, naming the waiters, when somebody waits.
    ~SharedQueue() = default;

    // Waits for room. Throws: Full when the deadline came first; ShutDown; Interrupt; then the item is unmoved.
    // Yields: when it is full.
    void put(T&& item, Deadline deadline = never) {
        detail::MutexLock lock(mutex_);
        if (!offer(item)) {
            const detail::Outcome outcome = putters_.wait(lock, "SharedQueue::put", &item, deadline);
            if (outcome != detail::Outcome::handed) {
                detail::throw_not_put(outcome);
            }
        }
    }
    void put(const T& item, Deadline deadline = never) requires std::copy_constructible<T> {
        T copy(item);
        put(std::move(copy), deadline);
    }

    // Throws: Full; ShutDown; then the item is unmoved. Copies a const T&.
    using Base::put_nowait;
    // Returns: false when it is full; the item is unmoved. Throws: ShutDown.
    [[nodiscard]] bool try_put(T&& item) {
        const detail::MutexLock lock(mutex_);
        return offer(item);
    }

    // Waits for an item and takes it. Throws: Empty when the deadline came first; ShutDown when it was shut down and is
    // empty; Interrupt: no item is taken. Yields: when it is empty.
    T get(Deadline deadline = never) {
        std::optional<T> item;  // destroyed without the mutex
        detail::MutexLock lock(mutex_);
        if (!take(item)) {
            refuse_when_closed();
            const detail::Outcome outcome = getters_.wait(lock, "SharedQueue::get", &item, deadline);
            if (outcome != detail::Outcome::handed) {
                detail::throw_not_got(outcome);
            }
        } else {
            lock.unlock();
        }
        return *std::move(item);
    }
    T get_nowait() {
        std::optional<T> item;
        {
            const detail::MutexLock lock(mutex_);  // one look: an item that is put before the shutdown is found
            if (!take(item)) {
                refuse_when_closed();
                throw Empty();
            }
        }
        return *std::move(item);
    }
    // Returns: nothing when it is empty.
    [[nodiscard]] std::optional<T> try_get() {
        std::optional<T> item;
        const detail::MutexLock lock(mutex_);
        take(item);
        return item;
    }

    // No more puts. Items that are there can be got still (immediate: they are dropped), then get() throws ShutDown.
    // Who waits to put, or to get from the empty queue, wakes with ShutDown. Idempotent.
    void shutdown(bool immediate = false) {
        std::optional<detail::Fifo<T>> dropped;  // destroyed without the mutex
        const detail::MutexLock lock(mutex_);
        this->closed_ = true;
        if (immediate) {
            dropped.emplace(std::move(this->store_));
        }
        getters_.wake_all(detail::Outcome::closed);
        putters_.wake_all(detail::Outcome::closed);
        getters_.notify_observers();
    }
    bool is_shut_down() const {
        const detail::MutexLock lock(mutex_);
        return this->closed_;
    }

    // For wait() and iwait(), which see that get() would not wait, and take nothing: another may be faster.
    bool ready() const {
        const detail::MutexLock lock(mutex_);
        return has_something();
    }
    void observe(detail::Observer& observer) const {
        const detail::MutexLock lock(mutex_);
        getters_.observe(mutex_, observer, has_something());
    }
    // For get_any(), which takes.
    void line_up(detail::Choice& choice, void*) { observe(choice.observer()); }

    // As it was; it may have changed before they return.
    std::size_t size() const {
        const detail::MutexLock lock(mutex_);
        return this->store_.size();
    }
    bool empty() const { return size() == 0; }
    std::size_t putting() const {
        const detail::MutexLock lock(mutex_);
        return putters_.size();
    }
    std::size_t getting() const {
        const detail::MutexLock lock(mutex_);
        return getters_.size();
    }
    std::size_t capacity() const noexcept { return this->capacity_; }

    // An input range: for (T& item : queue) gets items until the queue is shut down and empty.
    using Base::begin;
    using Base::end;

private:
    friend Base;
    using Base::getters_;
    using Base::putters_;

    // The base's, whose members mutex_ guards.
    bool offer(T& item) TENDRIL_REQUIRES(mutex_) { return Base::offer(item); }
    bool take(std::optional<T>& item) TENDRIL_REQUIRES(mutex_) { return Base::take(item); }
    bool has_something() const noexcept TENDRIL_REQUIRES(mutex_) { return Base::has_something(); }
    void refuse_when_closed() const TENDRIL_REQUIRES(mutex_) { Base::refuse_when_closed(); }

    void announce() noexcept { getters_.notify_observers(); }

    mutable detail::Mutex mutex_{detail::Rank::shared};
};

}  // namespace tendril
