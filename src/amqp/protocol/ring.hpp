// SPDX-License-Identifier: MIT
//
// Ring: a queue whose room is used again, so that a steady flow through it allocates nothing, as that through a
// std::deque does. Pure.

#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <tendril/detail/base/check.hpp>

namespace tendril::amqp::detail {

// T: default constructible, nothrow movable.
template <class T>
class Ring {
public:
    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }
    T& operator[](std::size_t index) noexcept { return room_[(first_ + index) & (room_.size() - 1)]; }
    const T& operator[](std::size_t index) const noexcept { return room_[(first_ + index) & (room_.size() - 1)]; }
    T& front() noexcept { return (*this)[0]; }

    // Throws: std::bad_alloc, with nothing changed.
    void reserve_one() {
        if (size_ == room_.size()) {
            constexpr std::size_t first_room = 16;
            std::vector<T> larger(std::max(first_room, 2 * room_.size()));
            for (std::size_t i = 0; i < size_; ++i) {
                larger[i] = std::move((*this)[i]);
            }
            room_ = std::move(larger);
            first_ = 0;
        }
    }
    // What T can be assigned, moved once; it does not lie in this Ring.
    template <class U = T>
    void push_back(U&& item) {
        reserve_one();
        (*this)[size_++] = std::forward<U>(item);
    }
    T pop_front() noexcept {
        TENDRIL_ASSERT(size_ > 0);
        T item = std::move(front());
        drop_front();
        return item;
    }
    void drop_front() noexcept {
        TENDRIL_ASSERT(size_ > 0);
        T& dropped = front();
        first_ = (first_ + 1) & (room_.size() - 1);
        --size_;
        dropped = T();
    }
    T pop_back() noexcept {
        TENDRIL_ASSERT(size_ > 0);
        T item = std::exchange((*this)[size_ - 1], T());
        --size_;
        return item;
    }
    void erase(std::size_t index) noexcept {  // Cost: O(n)
        for (; index + 1 < size_; ++index) {
            (*this)[index] = std::move((*this)[index + 1]);
        }
        pop_back();
    }
    void truncate(std::size_t size) noexcept {
        while (size_ > size) {
            pop_back();
        }
    }

private:
    std::vector<T> room_;  // its size is a power of two
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace tendril::amqp::detail
