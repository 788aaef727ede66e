// SPDX-License-Identifier: MIT
//
// Where a queue keeps its items, and in which order it gives them. Not for users.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

namespace tendril::detail {

template <class T>
class Fifo {
public:
    void push(T&& item) { items_.push_back(std::move(item)); }
    T& front() { return items_.front(); }
    void pop() { items_.pop_front(); }
    std::size_t size() const noexcept { return items_.size(); }
    void clear() noexcept { items_.clear(); }

private:
    std::deque<T> items_;
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
