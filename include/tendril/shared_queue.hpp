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
//
// The items lie in two stores, each with a mutex: putters fill one, getters empty the other, and who finds that empty
// takes over the first as a whole. So the two sides seldom meet.
//
// 1. All in `out_` are older than all in `in_`. out_mutex_ is taken before mutex_.
// 2. A getter waits only while both are empty, a putter only while they are full together; both under mutex_.
// 3. left_ only falls while mutex_ is held. A putter that finds too many there says that putters wait, and looks again;
//    a getter first lowers it, and then looks whether putters wait: one of them sees the other.

#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/mutex.hpp>
#include <tendril/detail/sync/choice.hpp>
#include <tendril/detail/sync/queue_base.hpp>
#include <tendril/detail/sync/queue_iterator.hpp>
#include <tendril/detail/sync/queue_store.hpp>
#include <tendril/detail/sync/shared_wait.hpp>
#include <tendril/queue_error.hpp>
#include <tendril/size.hpp>

namespace tendril {

template <class T>
class SharedQueue {
    static_assert(std::is_nothrow_move_constructible_v<T>, "items of a queue must be nothrow movable");

public:
    using value_type = T;
    using Iterator = detail::QueueIterator<SharedQueue, T>;

    // capacity: how many items it holds before put() waits. Throws: std::invalid_argument for 0 and less.
    explicit SharedQueue(Size capacity = unbounded) : capacity_(capacity) {
        if (capacity == 0) {
            detail::refuse_capacity_of_zero();
        }
    }

    // With first items, as a Queue.
    explicit SharedQueue(Size capacity, std::initializer_list<T> items) : SharedQueue(capacity) { begin_with(items); }
    template <detail::FirstItems<T, detail::Fifo<T>> Range>
    explicit SharedQueue(Size capacity, Range&& items) : SharedQueue(capacity) {
        begin_with(std::forward<Range>(items));
    }

    // Requires: nobody waits, and no call goes on. Aborts, naming the waiters, when somebody waits.
    ~SharedQueue() = default;
    SharedQueue(const SharedQueue&) = delete;
    SharedQueue& operator=(const SharedQueue&) = delete;

    // Waits for room. Throws: Full when the deadline came first; ShutDown; Interrupt; then the item is unmoved.
    // Yields: when it is full.
    void put(T&& item, Deadline deadline = never) {
        for (bool spun = false;;) {
            detail::SharedLock lock(mutex_);
            if (offer(item)) {
                return;
            }
            if (!std::exchange(spun, true) && deadline.is_never() && detail::may_spin()) {
                const Sight sight{*this, takeovers_, left_seen_ - left_seen_ / 4};
                lock.unlock();
                detail::spin_until(&SharedQueue::has_much_room, &sight);
                continue;
            }
            const detail::Outcome outcome = putters_.wait(lock, "SharedQueue::put", &item, deadline);
            if (outcome == detail::Outcome::handed) {
                return;
            }
            if (outcome != detail::Outcome::signalled) {  // else there is room, but the getter had no memory to fill it
                detail::throw_not_put(outcome);
            }
        }
    }
    void put(const T& item, Deadline deadline = never) requires std::copy_constructible<T> {
        T copy(item);
        put(std::move(copy), deadline);
    }

    // Throws: Full; ShutDown; then the item is unmoved. Copies a const T&.
    void put_nowait(T&& item) {
        if (!try_put(std::move(item))) {
            throw Full();
        }
    }
    void put_nowait(const T& item) requires std::copy_constructible<T> {
        T copy(item);
        put_nowait(std::move(copy));
    }
    // Returns: false when it is full; the item is unmoved. Throws: ShutDown.
    [[nodiscard]] bool try_put(T&& item) {
        const detail::SharedLock lock(mutex_);
        return offer(item);
    }

    // Waits for an item and takes it. Throws: Empty when the deadline came first; ShutDown when it was shut down and is
    // empty; Interrupt: no item is taken. Yields: when it is empty.
    T get(Deadline deadline = never) {
        std::optional<T> item;  // destroyed without the mutexes
        detail::MutexLock out(out_mutex_);
        if (!take_quickly(item)) {
            if (deadline.is_never() && detail::may_spin()) {
                const bool gathers = lone_ < few || lone_ % often == 0;
                out.unlock();
                if (detail::spin_until(&SharedQueue::has_put, this) && gathers) {
                    detail::spin_on();
                }
                out.lock();
            }
            if (!take_quickly(item)) {
                detail::SharedLock lock(mutex_);
                if (!take(item)) {
                    refuse_when_closed();
                    out.unlock();
                    const detail::Outcome outcome = getters_.wait(lock, "SharedQueue::get", &item, deadline);
                    if (outcome != detail::Outcome::handed) {
                        detail::throw_not_got(outcome);
                    }
                }
                return *std::move(item);
            }
        }
        out.unlock();
        let_putters_in();
        return *std::move(item);
    }
    // As get(), but throws Empty instead of waiting.
    T get_nowait() {
        std::optional<T> item;
        if (!try_take(item, true)) {
            throw Empty();
        }
        return *std::move(item);
    }
    // Returns: nothing when it is empty.
    [[nodiscard]] std::optional<T> try_get() {
        std::optional<T> item;
        try_take(item, false);
        return item;
    }

    // No more puts. Items that are there can be got still (immediate: they are dropped), then get() throws ShutDown.
    // Who waits to put, or to get from the empty queue, wakes with ShutDown. Idempotent.
    void shutdown(bool immediate = false) {
        std::optional<detail::Fifo<T>> dropped[2];  // destroyed without the mutexes
        const detail::MutexLock out(out_mutex_);
        const detail::SharedLock lock(mutex_);
        closed_ = true;
        if (immediate) {
            dropped[0].emplace(std::move(out_));
            dropped[1].emplace(std::move(in_));
            left_ = 0;
        }
        getters_.wake_all(detail::Outcome::closed);
        putters_.wake_all(detail::Outcome::closed);
        getters_.notify_observers();
    }
    bool is_shut_down() const {
        const detail::SharedLock lock(mutex_);
        return closed_;
    }

    // For wait() and iwait(), which see that get() would not wait, and take nothing: another may be faster.
    bool ready() const {
        const detail::SharedLock lock(mutex_);
        return has_something();
    }
    void observe(detail::Observer& observer) const {
        const detail::SharedLock lock(mutex_);
        getters_.observe(observer, has_something());
    }
    // For get_any(), which takes.
    void line_up(detail::Choice& choice, void*) { observe(choice.observer()); }

    // As it was; it may have changed before they return.
    std::size_t size() const {
        const detail::SharedLock lock(mutex_);
        return count();
    }
    bool empty() const { return size() == 0; }
    std::size_t putting() const {
        const detail::SharedLock lock(mutex_);
        return putters_.size();
    }
    std::size_t getting() const {
        const detail::SharedLock lock(mutex_);
        return getters_.size();
    }
    std::size_t capacity() const noexcept { return capacity_; }

    // An input range: for (T& item : queue) gets items until the queue is shut down and empty.
    Iterator begin() { return Iterator(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    template <class Range>
    TENDRIL_NOT_ANALYZED void begin_with(Range&& items) {
        for (auto&& item : items) {
            in_.push(T(static_cast<detail::FirstItem<Range>>(item)));
        }
    }

    // The putters' side.

    // To a getter that waits, or to the end. Returns: false when it is full, the item unmoved: the caller may wait.
    // Throws: ShutDown; std::bad_alloc.
    bool offer(T& item) TENDRIL_REQUIRES(mutex_) {
        refuse_when_closed();
        if (auto* slot = getters_.template front_slot<std::optional<T>>(); slot != nullptr) {
            slot->emplace(std::move(item));
            getters_.hand();
            return true;
        }
        if (in_.size() + left_seen_ >= capacity_ && is_full()) {
            return false;
        }
        in_.push(std::move(item));
        if (in_.size() == 1) {
            some_put_.store(true, std::memory_order_relaxed);
        }
        getters_.notify_observers();
        return true;
    }
    // Makes sure that getters look for putters before it says so.
    bool is_full() noexcept TENDRIL_REQUIRES(mutex_) {
        left_seen_ = left_;
        if (in_.size() + left_seen_ >= capacity_) {
            putters_wait_ = true;  // in the single order of seq_cst with left_
            left_seen_ = left_;
        }
        return in_.size() + left_seen_ >= capacity_;
    }
    // Lets in the putters that wait, while there is room. One whose item cannot be stored, since there is no memory, is
    // woken to try again itself: the exception is its own, not that of the getter here.
    void refill() noexcept TENDRIL_REQUIRES(mutex_) {
        while (putters_.any() && !is_full()) {
            try {
                in_.push(std::move(*putters_.template front_slot<T>()));
            } catch (...) {
                putters_.wake_first(detail::Outcome::signalled);
                continue;
            }
            putters_.hand();
        }
        putters_wait_ = putters_.any();
        some_put_.store(in_.size() != 0, std::memory_order_relaxed);
    }
    std::size_t count() const noexcept TENDRIL_REQUIRES(mutex_) { return in_.size() + left_; }
    bool has_something() const noexcept TENDRIL_REQUIRES(mutex_) { return count() != 0 || closed_; }
    void refuse_when_closed() const TENDRIL_REQUIRES(mutex_) {
        if (closed_) {
            throw ShutDown();
        }
    }

    // The getters' side.

    bool take_quickly(std::optional<T>& item) noexcept TENDRIL_REQUIRES(out_mutex_) {
        if (out_.size() == 0) {
            return false;
        }
        out_.take(item);
        left_.store(out_.size(), std::memory_order_relaxed);
        return true;
    }
    // Takes over all that was put. Returns: false if that was nothing.
    bool take(std::optional<T>& item) noexcept TENDRIL_REQUIRES(out_mutex_, mutex_) {
        in_.swap(out_);
        left_seen_ = out_.size();
        some_put_.store(false, std::memory_order_relaxed);
        takeovers_.store(takeovers_ + 1, std::memory_order_relaxed);
        lone_ = left_seen_ == 1 ? static_cast<std::uint8_t>(lone_ + 1) : std::uint8_t{0};
        if (!take_quickly(item)) {
            return false;
        }
        refill();
        return true;
    }
    bool try_take(std::optional<T>& item, bool refuse_closed) {
        {
            const detail::MutexLock out(out_mutex_);
            if (!take_quickly(item)) {
                const detail::SharedLock lock(mutex_);  // one look: an item that is put before the shutdown is found
                if (take(item)) {
                    return true;
                }
                if (refuse_closed) {
                    refuse_when_closed();
                }
                return false;
            }
        }
        let_putters_in();
        return true;
    }
    // Requires: out_mutex_ was unlocked since left_ was lowered: a full barrier.
    void let_putters_in() noexcept {
        if (putters_wait_) {
            const detail::SharedLock lock(mutex_);
            refill();
        }
    }

    // What a putter and a getter look at while they spin.
    struct Sight {
        const SharedQueue& queue;
        std::uint32_t takeovers;
        std::size_t most_left;
    };
    static bool has_much_room(const void* sight) {
        const auto& seen = *static_cast<const Sight*>(sight);
        detail::spin_on();  // the getter writes what is read here
        return seen.queue.takeovers_ != seen.takeovers || seen.queue.left_ <= seen.most_left;
    }
    static bool has_put(const void* queue) { return static_cast<const SharedQueue*>(queue)->some_put_; }

    // In the child of a fork(), where no other OS thread is: what a getter did not live to take.
    TENDRIL_NOT_ANALYZED static void take_back(void* self, void* slot) {
        auto& queue = *static_cast<SharedQueue*>(self);
        auto& store = queue.out_.size() != 0 ? queue.out_ : queue.in_;
        store.put_back(*std::move(*static_cast<std::optional<T>*>(slot)));
        queue.left_ = queue.out_.size();
    }

    const std::size_t capacity_;

    mutable detail::SharedMutex mutex_{detail::Rank::shared};
    detail::Fifo<T> in_ TENDRIL_GUARDED_BY(mutex_);
    std::size_t left_seen_ TENDRIL_GUARDED_BY(mutex_) = 0;  // left_, or what it once was, which is more
    bool closed_ TENDRIL_GUARDED_BY(mutex_) = false;
    mutable detail::SharedWaitQueue getters_{mutex_, "a SharedQueue", {this, &SharedQueue::take_back}};
    detail::SharedWaitQueue putters_{mutex_, "a SharedQueue"};

    alignas(64) detail::Mutex out_mutex_{detail::Rank::shared_out};
    detail::Fifo<T> out_ TENDRIL_GUARDED_BY(out_mutex_);
    std::atomic<std::size_t> left_ = 0;         // in out_; written under out_mutex_
    std::atomic<std::uint32_t> takeovers_ = 0;  // of in_; written under both
    // A getter as fast as the putters finds one item at a time, and meets them each time. So it waits for a moment
    // before it looks; but seldom if it has found single items all the time, as where each is an answer.
    std::uint8_t lone_ TENDRIL_GUARDED_BY(out_mutex_) = 0;  // takeovers of a single item, in a row
    static constexpr std::uint8_t few = 4;
    static constexpr std::uint8_t often = 16;

    alignas(64) std::atomic<bool> some_put_ = false;  // in_ is not empty: a hint; written under mutex_
    std::atomic<bool> putters_wait_ = false;          // perhaps; written under mutex_
};

}  // namespace tendril
