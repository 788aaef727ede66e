// SPDX-License-Identifier: MIT
// Floor: sync
//
// Queues between the green threads of one hub: Queue (first in, first out), LifoQueue, PriorityQueue (the smallest
// first, equal ones in the order of their coming), JoinableQueue (counts what is done), Channel (hands over, holds
// nothing).
//
// Getters and putters are served first come, first served; an item goes straight to the getter that waits, and a get
// from a full queue lets the first putter's item in, without switching. A getter that timed out or was killed takes
// no item; a put that failed has not moved from its argument. Items must be nothrow movable. Example:
// examples/queue.cpp

#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/detail/sync/choice.hpp>
#include <tendril/detail/sync/queue_iterator.hpp>
#include <tendril/detail/sync/queue_store.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/queue_error.hpp>
#include <tendril/size.hpp>

namespace tendril {

namespace detail {

void refuse_capacity_of_zero();  // throws std::invalid_argument that names Channel

template <class T, class Store>
class BasicQueue {
    static_assert(std::is_nothrow_move_constructible_v<T>, "items of a queue must be nothrow movable");

public:
    using value_type = T;

    // capacity: how many items it holds before put() waits. Throws: std::invalid_argument for 0 (use a Channel) and
    // less.
    explicit BasicQueue(Size capacity = unbounded, Store store = Store())
        : capacity_(capacity), store_(std::move(store)) {
        if (capacity == 0) {
            refuse_capacity_of_zero();
        }
    }
    BasicQueue(const BasicQueue&) = delete;
    BasicQueue& operator=(const BasicQueue&) = delete;

    // Requires: nobody waits. Aborts otherwise, naming the waiters.
    ~BasicQueue() = default;

    // Waits for room. Throws: Full when the deadline came first; ShutDown; Interrupt; std::bad_alloc; what the
    // comparison of a PriorityQueue throws; then the item is unmoved. Yields: when it is full.
    TENDRIL_INLINE_WAIT void put(T&& item, Deadline deadline = never) {
        while (!offer(item)) {
            const Outcome outcome = putters_.wait_here("Queue::put", &item, deadline);
            if (outcome == Outcome::handed) {
                return;
            }
            if (outcome != Outcome::signalled) {
                throw_not_put(outcome);
            }
        }
    }
    void put(const T& item, Deadline deadline = never) requires std::copy_constructible<T> {
        T copy(item);
        put(std::move(copy), deadline);
    }

    // Throws: Full; ShutDown; then the item is unmoved.
    void put_nowait(T&& item) {
        if (!offer(item)) {
            throw Full();
        }
    }
    void put_nowait(const T& item) requires std::copy_constructible<T> {
        T copy(item);
        put_nowait(std::move(copy));
    }
    // Returns: false when it is full; the item is unmoved. Throws: ShutDown.
    [[nodiscard]] bool try_put(T&& item) { return offer(item); }

    // Waits for an item and takes it. Throws: Empty when the deadline came first; ShutDown when it was shut down and is
    // empty; Interrupt; what the comparison of a PriorityQueue throws: no item is taken. Yields: when it is empty.
    TENDRIL_INLINE_WAIT T get(Deadline deadline = never) {
        if (std::optional<T> item = try_get()) {
            return *std::move(item);
        }
        refuse_when_closed();
        std::optional<T> slot;
        const Outcome outcome = getters_.wait_here("Queue::get", &slot, deadline);
        if (outcome != Outcome::handed) {
            throw_not_got(outcome);
        }
        return *std::move(slot);
    }
    T get_nowait() {
        if (std::optional<T> item = try_get()) {
            return *std::move(item);
        }
        refuse_when_closed();
        throw Empty();
    }
    // Returns: nothing when it is empty.
    [[nodiscard]] std::optional<T> try_get() {
        getters_.check_thread();
        if (store_.size() == 0) {
            return std::nullopt;
        }
        std::optional<T> item;
        store_.take(item);
        refill();
        return item;
    }

    // Waits for an item and leaves it there. The reference is good until the next call that yields.
    // Throws: Empty when the deadline came first; ShutDown; Interrupt.
    T& peek(Deadline deadline = never) {
        getters_.check_thread();
        while (store_.size() == 0) {
            refuse_when_closed();
            const Outcome outcome = peekers_.wait("Queue::peek", nullptr, deadline);
            if (outcome != Outcome::signalled) {
                throw_not_got(outcome);
            }
        }
        return store_.front();
    }
    T& peek_nowait() {
        if (store_.size() == 0) {
            refuse_when_closed();
            throw Empty();
        }
        return store_.front();
    }

    // No more puts. Items that are there can be got still (immediate: they are dropped), then get() throws ShutDown.
    // Who waits to put, or to get from the empty queue, wakes with ShutDown. Idempotent.
    void shutdown(bool immediate = false) {
        getters_.check_thread();
        closed_ = true;
        if (immediate) {
            store_.clear();
        }
        for (WaitQueue* each : {&getters_, &putters_, &peekers_}) {
            each->wake_all(Outcome::closed);
        }
        getters_.notify_observers();
    }
    bool is_shut_down() const noexcept { return closed_; }

    // Growing lets in those who wait to put; shrinking drops nothing. Throws: std::invalid_argument for 0.
    void resize(Size capacity) {
        getters_.check_thread();
        if (capacity == 0) {
            refuse_capacity_of_zero();
        }
        capacity_ = capacity;
        refill();
    }

    std::size_t size() const noexcept { return store_.size(); }
    std::size_t qsize() const noexcept { return size(); }
    bool empty() const noexcept { return size() == 0; }
    bool full() const noexcept { return size() >= capacity_; }
    std::size_t capacity() const noexcept { return capacity_; }
    std::size_t putting() const noexcept { return putters_.size(); }
    std::size_t getting() const noexcept { return getters_.size(); }

    // For wait() and iwait(), which see that get() would not wait, and take nothing.
    bool ready() const noexcept { return !empty() || closed_; }
    void observe(Observer& observer) const { getters_.observe(observer); }
    // For get_any(), which takes.
    void line_up(Choice& choice, void* slot) { choice.stand_in(getters_, slot); }

    // An input range: for (T& item : queue) gets items until the queue is shut down and empty.
    using Iterator = detail::QueueIterator<BasicQueue, T>;
    Iterator begin() { return Iterator(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

protected:
    void refuse_when_closed() const {
        if (closed_) {
            throw ShutDown();
        }
    }
    std::uint64_t admitted() const noexcept { return admitted_; }  // items that putters got rid of

private:
    // To a getter that waits, or into the store. Returns: false when it is full, the item unmoved.
    bool offer(T& item) {
        getters_.check_thread();
        refuse_when_closed();
        if (auto* slot = getters_.template front_slot<std::optional<T>>(); slot != nullptr) {
            slot->emplace(std::move(item));
            getters_.hand();
            ++admitted_;
            return true;
        }
        if (full()) {
            return false;
        }
        store_.push(std::move(item));
        ++admitted_;
        peekers_.wake_all(Outcome::signalled);
        getters_.notify_observers();
        return true;
    }

    // In the child of a fork(): what a getter did not live to take.
    static void take_back(void* self, void* slot) {
        static_cast<BasicQueue*>(self)->store_.put_back(*std::move(*static_cast<std::optional<T>*>(slot)));
    }

    // Lets in the putters that wait, while there is room. One whose item cannot be stored, because comparing it throws
    // or there is no memory, is woken to try again itself: the exception is its own, not that of the getter here.
    void refill() noexcept {
        while (!full()) {
            T* item = putters_.template front_slot<T>();
            if (item == nullptr) {
                return;
            }
            try {
                store_.push(std::move(*item));
            } catch (...) {
                putters_.wake_first(Outcome::signalled);
                continue;
            }
            putters_.hand();
            ++admitted_;
        }
    }

    std::size_t capacity_;
    Store store_;
    bool closed_ = false;
    std::uint64_t admitted_ = 0;
    WaitQueue getters_{"a Queue",
                       {this, &BasicQueue::take_back}};  // somebody waits here only while the store is empty,
    WaitQueue putters_{"a Queue"};                       // and here only while it is full
    WaitQueue peekers_{"a Queue"};
};

}  // namespace detail

template <class T>
using Queue = detail::BasicQueue<T, detail::Fifo<T>>;

template <class T>
using LifoQueue = detail::BasicQueue<T, detail::Lifo<T>>;

template <class T, class Less = std::less<T>>
using PriorityQueue = detail::BasicQueue<T, detail::Heap<T, Less>>;

}  // namespace tendril

#include <tendril/channel.hpp>
#include <tendril/joinable_queue.hpp>
