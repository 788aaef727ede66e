// SPDX-License-Identifier: MIT
//
// Where a queue keeps its items, and in which order it gives them. Not for users.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <utility>
#include <vector>

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
    Fifo& operator=(Fifo&&) = delete;
    ~Fifo() {
        for (std::size_t i = 0; i < size_; ++i) {
            std::destroy_at(slot(i));
        }
        deallocate(slots_, room_);
    }

    // Throws: std::bad_alloc, and nothing has changed; not after a pop() that was not followed by a push() yet.
    void push(T&& item) {
        if (size_ == room_) {
            move_to(room_ == 0 ? least : room_ * 2);
        }
        ::new (static_cast<void*>(slot(size_))) T(std::move(item));
        ++size_;
    }
    T& front() { return *slot(0); }
    void pop() noexcept {
        std::destroy_at(slot(0));
        first_ = (first_ + 1) & (room_ - 1);
        if (--size_ == 0 && room_ > small) {
            give_back();
        }
    }
    std::size_t size() const noexcept { return size_; }
    void clear() noexcept { const Fifo dropped(std::move(*this)); }  // items' destructors find it empty already

private:
    static constexpr std::size_t least = 8;
    static constexpr std::size_t small = 1024;

    T* slot(std::size_t i) noexcept { return slots_ + ((first_ + i) & (room_ - 1)); }

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
    void push(T&& item) { items_.push_back(std::move(item)); }
    T& front() { return items_.back(); }
    void pop() { items_.pop_back(); }
    std::size_t size() const noexcept { return items_.size(); }
    void clear() noexcept { items_.clear(); }

private:
    std::vector<T> items_;
};

template <class T, class Less>
class Heap {
public:
    explicit Heap(Less less = Less()) : less_(std::move(less)) {}
    void push(T&& item) {
        items_.push_back({std::move(item), next_++});
        std::push_heap(items_.begin(), items_.end(), later());
    }
    T& front() { return items_.front().item; }
    void pop() {
        std::pop_heap(items_.begin(), items_.end(), later());
        items_.pop_back();
    }
    std::size_t size() const noexcept { return items_.size(); }
    void clear() noexcept { items_.clear(); }

private:
    struct Entry {
        T item;
        std::uint64_t number;
    };
    auto later() {
        return [this](const Entry& a, const Entry& b) {
            return less_(b.item, a.item) || (!less_(a.item, b.item) && b.number < a.number);
        };
    }
    Less less_;
    std::vector<Entry> items_;
    std::uint64_t next_ = 0;
};

}  // namespace tendril::detail
