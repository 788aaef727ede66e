// SPDX-License-Identifier: MIT
//
// Where a queue keeps its items, and in which order it gives them. Not for users.
//
// put_back() is for an item that never was in the store, since it was handed to a getter past it, in the child of a
// fork() in which that getter does not go on: it comes to lie as if it had been put before all that are there, which it
// was. Throws: std::bad_alloc; then nothing has changed.
//
// A store is copyable if its items are; copying throws what copying them throws.

#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include <tendril/detail/base/check.hpp>

namespace tendril::detail {

// A ring whose size is a power of two, so that a queue that goes up and down allocates nothing. It grows when it is
// full; one that grew beyond `small` is given back when it becomes empty.
template <class T>
class Fifo {
public:
    Fifo() = default;
    Fifo(Fifo&& other) noexcept
        : slots_(std::exchange(other.slots_, nullptr)), room_(std::exchange(other.room_, 0)),
          first_(std::exchange(other.first_, 0)), size_(std::exchange(other.size_, 0)) {}
    Fifo(const Fifo& other) requires std::copy_constructible<T> : Fifo() {
        for (std::size_t i = 0; i < other.size_; ++i) {
            push(T(std::as_const(*other.slot(i))));
        }
    }
    Fifo& operator=(Fifo&&) = delete;
    ~Fifo() {
        for (std::size_t i = 0; i < size_; ++i) {
            std::destroy_at(slot(i));
        }
        deallocate(slots_, room_);
    }

    // Throws: std::bad_alloc, and nothing has changed; not after a take() that was not followed by a push() yet.
    void push(T&& item) {
        if (size_ == room_) {
            move_to(room_ == 0 ? least : room_ * 2);
        }
        ::new (static_cast<void*>(slot(size_))) T(std::move(item));
        ++size_;
    }
    void put_back(T&& item) {
        if (size_ == room_) {
            move_to(room_ == 0 ? least : room_ * 2);
        }
        first_ = (first_ + room_ - 1) & (room_ - 1);
        ::new (static_cast<void*>(slot(0))) T(std::move(item));
        ++size_;
    }
    T& front() {
        TENDRIL_ASSERT(size_ > 0);
        return *slot(0);
    }
    void take(std::optional<T>& into) noexcept {
        TENDRIL_ASSERT(size_ > 0);
        T* const first = slot(0);
        into.emplace(std::move(*first));
        std::destroy_at(first);
        first_ = (first_ + 1) & (room_ - 1);
        if (--size_ == 0 && room_ > small) {
            give_back();
        }
    }
    std::size_t size() const noexcept { return size_; }
    void clear() noexcept { const Fifo dropped(std::move(*this)); }  // items' destructors find it empty already
    void swap(Fifo& other) noexcept {
        std::swap(slots_, other.slots_);
        std::swap(room_, other.room_);
        std::swap(first_, other.first_);
        std::swap(size_, other.size_);
    }

private:
    static constexpr std::size_t least = 8;
    static constexpr std::size_t small = 1024;

    T* slot(std::size_t i) const noexcept { return slots_ + ((first_ + i) & (room_ - 1)); }

    void move_to(std::size_t room) {
        T* const slots = std::allocator<T>().allocate(room);
        for (std::size_t i = 0; i < size_; ++i) {
            ::new (static_cast<void*>(slots + i)) T(std::move(*slot(i)));
            std::destroy_at(slot(i));
        }
        deallocate(std::exchange(slots_, slots), std::exchange(room_, room));
        first_ = 0;
    }

    void give_back() noexcept {
        try {
            move_to(least);
        } catch (const std::bad_alloc&) {  // it stays large: there must be room for who waits to put
        }
    }

    static void deallocate(T* slots, std::size_t room) noexcept {
        if (slots != nullptr) {
            std::allocator<T>().deallocate(slots, room);
        }
    }

    T* slots_ = nullptr;
    std::size_t room_ = 0;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

template <class T>
class Lifo {
public:
    void push(T&& item) { items_.push_back(std::move(item)); }  // throws: as Fifo
    void put_back(T&& item) {
        std::vector<T> all;
        all.reserve(items_.size() + 1);
        all.push_back(std::move(item));
        for (T& each : items_) {
            all.push_back(std::move(each));
        }
        items_ = std::move(all);
    }
    T& front() { return items_.back(); }
    void take(std::optional<T>& into) noexcept {
        into.emplace(std::move(items_.back()));
        items_.pop_back();
    }
    std::size_t size() const noexcept { return items_.size(); }
    void clear() noexcept { const auto dropped = std::exchange(items_, {}); }

private:
    std::vector<T> items_;
};

// A binary heap, the smallest item first, equal ones in the order of their coming. push() and take() compare all they
// must before they move anything, so nothing has changed when the comparison throws, and no moved-from item is ever
// compared. Only T's move constructor is used, which does not throw.
template <class T, class Less>
class Heap {
public:
    Heap(Less less = Less()) : less_(std::move(less)) {}

    // Throws: std::bad_alloc, what Less throws; then nothing has changed.
    void push(T&& item) {
        make_room();
        rise(place_for(item, [](const Entry&) { return false; }), std::move(item), next_);
        ++next_;
    }
    void put_back(T&& item) {
        make_room();
        std::size_t place = items_.size();
        try {
            place = place_for(item, [&](const Entry& parent) { return !less_(parent.item, std::as_const(item)); });
        } catch (...) {  // Less threw: it keeps its item, though in no order
        }
        rise(place, std::move(item), --first_);
    }
    T& front() { return items_.front().item; }

    // Requires: size() > 0. Throws: what Less throws; then nothing has changed.
    void take(std::optional<T>& into) {
        TENDRIL_ASSERT(!items_.empty());
        const std::size_t place = place_for_last();
        into.emplace(std::move(items_.front().item));
        const std::size_t path = place + 1;  // its bits below the highest lead from the root there: 0 left, 1 right
        std::size_t at = 0;
        for (int bit = static_cast<int>(std::bit_width(path)) - 2; bit >= 0; --bit) {
            const std::size_t child = 2 * at + 1 + ((path >> bit) & 1);
            replace(items_[at], items_[child]);
            at = child;
        }
        if (at != items_.size() - 1) {
            replace(items_[at], items_.back());
        }
        items_.pop_back();
    }
    std::size_t size() const noexcept { return items_.size(); }
    void clear() noexcept { const auto dropped = std::exchange(items_, {}); }

private:
    struct Entry {
        T item;
        std::uint64_t number;
    };

    static std::size_t parent(std::size_t at) noexcept { return (at - 1) / 2; }

    void make_room() {
        if (items_.size() == items_.capacity()) {
            items_.reserve(items_.empty() ? 8 : items_.size() * 2);
        }
    }

    // Where a new item comes to lie: above those that it is less than, or that it `passes`.
    template <class Passes>
    std::size_t place_for(const T& item, Passes passes) {
        std::size_t place = items_.size();
        while (place > 0 && (less_(item, std::as_const(items_[parent(place)].item)) || passes(items_[parent(place)]))) {
            place = parent(place);
        }
        return place;
    }

    // Requires: room. From the end to `place`.
    void rise(std::size_t place, T&& item, std::uint64_t number) noexcept {
        TENDRIL_ASSERT(items_.size() < items_.capacity() && place <= items_.size());
        items_.push_back({std::move(item), number});
        std::size_t at = items_.size() - 1;
        if (at == place) {
            return;
        }
        Entry rising(std::move(items_[at]));
        for (; at != place; at = parent(at)) {
            replace(items_[at], items_[parent(at)]);
        }
        replace(items_[place], rising);
    }

    bool before(const Entry& a, const Entry& b) {
        return less_(a.item, b.item) || (a.number < b.number && !less_(b.item, a.item));
    }

    // Where the last entry comes to lie when the root has gone and the smaller children move up.
    std::size_t place_for_last() {
        const std::size_t last = items_.size() - 1;
        std::size_t at = 0;
        for (std::size_t child = 1; child < last; child = 2 * at + 1) {
            if (child + 1 < last && before(items_[child + 1], items_[child])) {
                ++child;
            }
            if (!before(items_[child], items_[last])) {
                break;
            }
            at = child;
        }
        return at;
    }

    static void replace(Entry& old, Entry& by) noexcept {
        std::destroy_at(&old);
        std::construct_at(&old, std::move(by));
    }

    Less less_;
    std::vector<Entry> items_;
    std::uint64_t first_ = std::uint64_t{1} << 63;  // of those that were put back, the last
    std::uint64_t next_ = first_;
};

}  // namespace tendril::detail
