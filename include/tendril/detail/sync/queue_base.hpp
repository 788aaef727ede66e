// SPDX-License-Identifier: MIT
//
// QueueBase: what the queues of one hub have in common: a store, the line of the getters and that of the putters, who
// pass items straight to each other. A SharedQueue has two stores, and its own lines. Not for users.
//
// Invariant: a getter waits only while the store is empty, a putter only while it is full. Line is a WaitQueue. Derived
// has announce(), which tells those who only look that an item came into the store.

#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

#include <tendril/detail/sync/queue_iterator.hpp>
#include <tendril/queue_error.hpp>
#include <tendril/size.hpp>

namespace tendril::detail {

void refuse_capacity_of_zero();  // throws std::invalid_argument that names Channel

// An rvalue that owns what is in it.
template <class Range>
concept OwnsItsItems = !std::is_lvalue_reference_v<Range> && !std::ranges::borrowed_range<Range> &&
                       !std::ranges::view<std::remove_cvref_t<Range>>;

template <class Range>
using FirstItem = std::conditional_t<OwnsItsItems<Range>, std::ranges::range_rvalue_reference_t<Range>,
                                     std::ranges::range_reference_t<Range>>;

// A range of first items for a queue of T; not its store.
template <class Range, class T, class Store>
concept FirstItems = std::ranges::input_range<Range> && !std::convertible_to<Range, Store> &&
                     std::constructible_from<T, FirstItem<Range>>;

template <class Derived, class T, class Store, class Line>
class QueueBase {
    static_assert(std::is_nothrow_move_constructible_v<T>, "items of a queue must be nothrow movable");

public:
    using value_type = T;
    using Iterator = QueueIterator<Derived, T>;

    QueueBase(const QueueBase&) = delete;
    QueueBase& operator=(const QueueBase&) = delete;

    // Puts an item without waiting. Throws: Full; ShutDown; then the item is unmoved.
    void put_nowait(T&& item) {
        if (!self().try_put(std::move(item))) {
            throw Full();
        }
    }
    // Puts a copy without waiting. Throws: Full; ShutDown.
    void put_nowait(const T& item) requires std::copy_constructible<T> {
        T copy(item);
        put_nowait(std::move(copy));
    }
    Iterator begin() { return Iterator(self()); }
    std::default_sentinel_t end() const noexcept { return {}; }

protected:
    QueueBase(const char* object, Size capacity, Store store)
        : capacity_(capacity), store_(std::move(store)), getters_(object, {this, &QueueBase::take_back}),
          putters_(object) {
        check_capacity(capacity);
    }
    ~QueueBase() = default;

    // For constructors: what the queue holds from the start, in this order. Moves out of an rvalue that owns its items.
    template <class Range>
    void begin_with(Range&& items) {
        for (auto&& item : items) {
            store_.push(T(static_cast<FirstItem<Range>>(item)));
            ++admitted_;
        }
    }

    static void check_capacity(Size capacity) {
        if (capacity == 0) {
            refuse_capacity_of_zero();
        }
    }
    void refuse_when_closed() const {
        if (closed_) {
            throw ShutDown();
        }
    }
    bool is_full() const noexcept { return store_.size() >= capacity_; }
    bool has_something() const noexcept { return store_.size() != 0 || closed_; }

    // To a getter that waits, or into the store. Returns: false when it is full, the item unmoved. Throws: ShutDown.
    bool offer(T& item) {
        refuse_when_closed();
        if (auto* slot = getters_.template front_slot<std::optional<T>>(); slot != nullptr) {
            slot->emplace(std::move(item));
            getters_.hand();
            ++admitted_;
            return true;
        }
        if (is_full()) {
            return false;
        }
        store_.push(std::move(item));
        ++admitted_;
        self().announce();
        return true;
    }

    // The first item, and a putter's into its place. Returns: false when there is none.
    bool take(std::optional<T>& item) {
        if (store_.size() == 0) {
            return false;
        }
        store_.take(item);
        refill();
        return true;
    }

    // Lets in the putters that wait, while there is room. One whose item cannot be stored, because comparing it throws
    // or there is no memory, is woken to try again itself: the exception is its own, not that of the getter here.
    void refill() noexcept {
        while (!is_full()) {
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
    std::uint64_t admitted_ = 0;  // items that putters got rid of
    Line getters_;
    Line putters_;

private:
    Derived& self() noexcept { return static_cast<Derived&>(*this); }

    // In the child of a fork(): what a getter did not live to take.
    static void take_back(void* self, void* slot) {
        static_cast<QueueBase*>(self)->store_.put_back(*std::move(*static_cast<std::optional<T>*>(slot)));
    }
};

}  // namespace tendril::detail
