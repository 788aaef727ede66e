// SPDX-License-Identifier: MIT
// Floor: sync
//
// Queues between the green threads of one hub: Queue (first in, first out), LifoQueue, PriorityQueue (the smallest
// first, equal ones in the order of their coming). joinable_queue.hpp has one that counts what is done; channel.hpp one
// that hands over and holds nothing; shared_queue.hpp one between OS threads.
//
// Getters and putters are served first come, first served; an item goes straight to the getter that waits, and a get
// from a full queue lets the first putter's item in, without switching. A getter that timed out or was killed takes
// no item; a put that failed has not moved from its argument. Items must be nothrow movable. Example:
// examples/queue.cpp

#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/sync/queue_base.hpp>
#include <tendril/detail/sync/queue_store.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/queue_error.hpp>
#include <tendril/size.hpp>

namespace tendril {

namespace detail {

// What Queue, LifoQueue and PriorityQueue are: a Store, and who waits for it.
template <class T, class Store>
class BasicQueue : public QueueBase<BasicQueue<T, Store>, T, Store, WaitQueue> {
    using Base = QueueBase<BasicQueue, T, Store, WaitQueue>;

public:
    // capacity: how many items it holds before put() waits. Throws: std::invalid_argument for 0 (use a Channel) and
    // less.
    explicit BasicQueue(Size capacity = unbounded, Store store = Store())
        : Base("a Queue", capacity, std::move(store)) {}

    // With first items, which may be more than the capacity: then put() waits until there are fewer. They are copied;
    // moved out of an rvalue container: Queue<Job> jobs(unbounded, std::move(vector)).
    // Throws: also what copying or comparing them throws.
    explicit BasicQueue(Size capacity, std::initializer_list<T> items, Store store = Store())
        : BasicQueue(capacity, std::move(store)) {
        Base::begin_with(items);
    }
    template <FirstItems<T, Store> Range>
    explicit BasicQueue(Size capacity, Range&& items, Store store = Store()) : BasicQueue(capacity, std::move(store)) {
        Base::begin_with(std::forward<Range>(items));
    }

    // Requires: nobody waits. Aborts otherwise, naming the waiters.
    ~BasicQueue() = default;

    // Waits for room. Throws: Full when the deadline came first; ShutDown; Interrupt; std::bad_alloc; what the
    // comparison of a PriorityQueue throws; then the item is unmoved. Yields: when it is full.
    TENDRIL_INLINE_WAIT void put(T&& item, Deadline deadline = never) {
        while (!offer_here(item)) {
            const Outcome outcome = putters_.wait_here("Queue::put", &item, deadline);
            if (outcome == Outcome::handed) {
                return;
            }
            if (outcome != Outcome::signalled) {
                throw_not_put(outcome);
            }
        }
    }
    TENDRIL_INLINE_WAIT void put(const T& item, Deadline deadline = never) requires std::copy_constructible<T> {
        T copy(item);
        put(std::move(copy), deadline);
    }

    // Throws: Full; ShutDown; then the item is unmoved. Copies a const T&.
    using Base::put_nowait;
    // Returns: false when it is full; the item is unmoved. Throws: ShutDown.
    [[nodiscard]] bool try_put(T&& item) { return offer_here(item); }

    // Waits for an item and takes it. Throws: Empty when the deadline came first; ShutDown when it was shut down and is
    // empty; Interrupt; what the comparison of a PriorityQueue throws: no item is taken. Yields: when it is empty.
    TENDRIL_INLINE_WAIT T get(Deadline deadline = never) {
        if (std::optional<T> item = try_get()) {
            return *std::move(item);
        }
        this->refuse_when_closed();
        std::optional<T> slot;
        const Outcome outcome = getters_.wait_here("Queue::get", &slot, deadline);
        if (outcome != Outcome::handed) {
            throw_not_got(outcome);
        }
        return *std::move(slot);
    }
    // As get(), but throws Empty instead of waiting.
    T get_nowait() {
        if (std::optional<T> item = try_get()) {
            return *std::move(item);
        }
        this->refuse_when_closed();
        throw Empty();
    }
    // Returns: nothing when it is empty.
    [[nodiscard]] std::optional<T> try_get() {
        getters_.check_thread();
        if (empty()) {
            return std::nullopt;
        }
        std::optional<T> item;
        this->take(item);
        return item;
    }

    // Waits for an item and leaves it there. The reference is good until the next call that yields.
    // Throws: Empty when the deadline came first; ShutDown; Interrupt.
    T& peek(Deadline deadline = never) {
        getters_.check_thread();
        while (empty()) {
            this->refuse_when_closed();
            const Outcome outcome = peekers_.wait("Queue::peek", nullptr, deadline);
            if (outcome != Outcome::signalled) {
                throw_not_got(outcome);
            }
        }
        return store_.front();
    }
    // As peek(), but throws Empty instead of waiting.
    T& peek_nowait() {
        if (empty()) {
            this->refuse_when_closed();
            throw Empty();
        }
        return store_.front();
    }

    // No more puts. Items that are there can be got still (immediate: they are dropped), then get() throws ShutDown.
    // Who waits to put, or to get from the empty queue, wakes with ShutDown. Idempotent.
    void shutdown(bool immediate = false) {
        getters_.check_thread();
        this->closed_ = true;
        if (immediate) {
            store_.clear();
        }
        for (WaitQueue* each : {&getters_, &putters_, &peekers_}) {
            each->wake_all(Outcome::closed);
        }
        getters_.notify_observers();
    }
    bool is_shut_down() const noexcept { return this->closed_; }

    // Growing lets in those who wait to put; shrinking drops nothing. Throws: std::invalid_argument for 0.
    void resize(Size capacity) {
        getters_.check_thread();
        Base::check_capacity(capacity);
        this->capacity_ = capacity;
        this->refill();
    }

    // Returns copies of the items that are there, in the order in which get() would give them; not those of putters
    // that wait. Requires: copying an item does not wait. Throws: what copying or comparing items throws; WrongThread.
    std::vector<T> items() const requires std::copy_constructible<T> {
        getters_.check_thread();
        Store left(store_);
        std::vector<T> all;
        all.reserve(left.size());
        for (std::optional<T> item; left.size() != 0;) {
            left.take(item);
            all.push_back(*std::move(item));
        }
        return all;
    }

    // Returns another queue with copies of the items, of the same capacity and comparison; nobody waits there, and it
    // is not shut down. Only by this name: a lambda or a spawn() that copied a queue by mistake would wait at one where
    // nobody puts. Otherwise as items().
    BasicQueue copy() const requires std::copy_constructible<T> { return BasicQueue(Copied(), *this); }

    std::size_t size() const noexcept { return store_.size(); }
    std::size_t qsize() const noexcept { return size(); }  // how many items it has
    bool empty() const noexcept { return size() == 0; }
    bool full() const noexcept { return this->is_full(); }             // whether put() would wait
    std::size_t capacity() const noexcept { return this->capacity_; }  // how many items it may have
    std::size_t putting() const noexcept { return putters_.size(); }   // how many wait in put()
    std::size_t getting() const noexcept { return getters_.size(); }   // how many wait in get()

    // For wait() and iwait(), which see that get() would not wait, and take nothing.
    bool ready() const noexcept { return this->has_something(); }
    void observe(Observer& observer) const { getters_.observe(observer); }
    // For get_any(), which takes.
    void line_up(Choice& choice, void* slot) { getters_.line_up(choice, slot); }

    // An input range: for (T& item : queue) gets items until the queue is shut down and empty.
    using Base::begin;
    using Base::end;

protected:
    struct Copied {};
    BasicQueue(Copied, const BasicQueue& other) : Base("a Queue", other.capacity_, checked_store(other)) {
        this->admitted_ = size();
    }

private:
    friend Base;
    using Base::getters_;
    using Base::putters_;
    using Base::store_;

    static Store checked_store(const BasicQueue& other) {
        other.getters_.check_thread();
        return Store(other.store_);
    }
    bool offer_here(T& item) {
        getters_.check_thread();
        return this->offer(item);
    }
    void announce() noexcept {
        peekers_.wake_all(Outcome::signalled);
        getters_.notify_observers();
    }

    WaitQueue peekers_{"a Queue"};
};

}  // namespace detail

template <class T>
using Queue = detail::BasicQueue<T, detail::Fifo<T>>;  // the first in is the first out

template <class T>
using LifoQueue = detail::BasicQueue<T, detail::Lifo<T>>;  // the last in is the first out

template <class T, class Less = std::less<T>>
using PriorityQueue = detail::BasicQueue<T, detail::Heap<T, Less>>;  // the smallest is the first out

}  // namespace tendril
