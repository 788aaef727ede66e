// SPDX-License-Identifier: MIT
// Floor: sync
//
// Channel: a rendezvous. put() returns when a getter has the item; it holds nothing in between.
//
// A getter that waits goes on before the putter that serves it; a getter that finds a putter waiting goes on at once.
// Who times out or is killed withdraws, and its item with it. First come, first served on both sides.

#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/detail/sync/queue_iterator.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/queue_error.hpp>

namespace tendril {

namespace detail {
void yield_after_delivery();  // under a Shield: nothing may look like a failure any more
}

template <class T>
class Channel {
    static_assert(std::is_nothrow_move_constructible_v<T>, "items of a Channel must be nothrow movable");

public:
    using value_type = T;

    Channel() = default;
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    // Requires: nobody waits. Aborts otherwise, naming the waiters.
    ~Channel() = default;

    // Throws: Full when the deadline came first; ShutDown; Interrupt; then the item is unmoved. Yields.
    TENDRIL_INLINE_WAIT void put(T&& item, Deadline deadline = never) {
        if (try_put(std::move(item))) {
            detail::yield_after_delivery();
            return;
        }
        getters_.notify_observers();  // those that observe run later, when it waits here
        const detail::Outcome outcome = putters_.wait_here("Channel::put", &item, deadline);
        if (outcome != detail::Outcome::handed) {
            detail::throw_not_put(outcome);
        }
    }
    void put(const T& item, Deadline deadline = never) requires std::copy_constructible<T> {
        T copy(item);
        put(std::move(copy), deadline);
    }

    // Returns: false when nobody waits to get; the item is unmoved. Never yields. Throws: ShutDown.
    [[nodiscard]] bool try_put(T&& item) {
        putters_.check_thread();
        refuse_when_closed();
        auto* slot = getters_.template front_slot<std::optional<T>>();
        if (slot == nullptr) {
            return false;
        }
        slot->emplace(std::move(item));
        getters_.hand();
        return true;
    }
    // As put(), but throws Full instead of waiting.
    void put_nowait(T&& item) {
        if (!try_put(std::move(item))) {
            throw Full();
        }
    }

    // Throws: Empty when the deadline came first; ShutDown; Interrupt: nothing is taken. Yields: unless a putter waits.
    TENDRIL_INLINE_WAIT T get(Deadline deadline = never) {
        if (std::optional<T> item = try_get()) {
            return *std::move(item);
        }
        refuse_when_closed();
        std::optional<T> slot;
        const detail::Outcome outcome = getters_.wait_here("Channel::get", &slot, deadline);
        if (outcome != detail::Outcome::handed) {
            detail::throw_not_got(outcome);
        }
        return *std::move(slot);
    }
    // Returns: nothing when nobody waits to put.
    [[nodiscard]] std::optional<T> try_get() {
        getters_.check_thread();
        T* slot = putters_.template front_slot<T>();
        if (slot == nullptr) {
            return std::nullopt;
        }
        std::optional<T> item(std::move(*slot));
        putters_.hand();
        return item;
    }
    // As get(), but throws Empty instead of waiting.
    T get_nowait() {
        if (std::optional<T> item = try_get()) {
            return *std::move(item);
        }
        refuse_when_closed();
        throw Empty();
    }

    // Who waits wakes with ShutDown, and so does every later call. Idempotent.
    void shutdown() {
        putters_.check_thread();
        closed_ = true;
        putters_.wake_all(detail::Outcome::closed);
        getters_.wake_all(detail::Outcome::closed);
        getters_.notify_observers();
    }
    bool is_shut_down() const noexcept { return closed_; }

    // For wait() and iwait(), which see that get() would not wait, and take nothing.
    bool ready() const noexcept { return closed_ || putters_.any(); }
    void observe(detail::Observer& observer) const { getters_.observe(observer); }
    // For get_any(), which takes.
    void line_up(detail::Choice& choice, void* slot) { getters_.line_up(choice, slot); }

    // An input range: for (T& item : channel) gets items until the channel is shut down.
    using Iterator = detail::QueueIterator<Channel, T>;
    Iterator begin() { return Iterator(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

    std::size_t putting() const noexcept { return putters_.size(); }  // how many wait in put()
    std::size_t getting() const noexcept { return getters_.size(); }  // how many wait in get()

private:
    void refuse_when_closed() const {
        if (closed_) {
            throw ShutDown();
        }
    }

    bool closed_ = false;
    detail::WaitQueue getters_{"a Channel"};          // never both have somebody
    mutable detail::WaitQueue putters_{"a Channel"};  // which forgets, when it is asked, those that have left
};

}  // namespace tendril
