// SPDX-License-Identifier: MIT
//
// RunQueue: the green threads that are ready, first in, first out.
//
// A ring of pointers, not a list through the control blocks: with thousands of green threads those are cold, each on a
// page of its own, and push() should not touch them. The ring also shows what will be needed soon: see fetch_ahead().
//
// Only reserve() and shrink() allocate; a fiber is in the queue at most once, so room for all of them is enough.

#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

#include <tendril/detail/base/check.hpp>

#include "hub/fiber.hpp"

namespace tendril::detail {

class RunQueue {
public:
    RunQueue() { reserve(64); }

    bool empty() const noexcept { return head_ == tail_; }
    std::size_t size() const noexcept { return tail_ - head_; }

    // Makes room for `fibers` fibers. Throws: std::bad_alloc.
    void reserve(std::size_t fibers) {
        if (fibers > mask_) [[unlikely]] {
            resize(std::bit_ceil(fibers + 1));
        }
    }

    // Gives most of the room back after a burst, if there is more than four times the room that twice `fibers` need.
    void shrink(std::size_t fibers) noexcept {
        const std::size_t enough = std::bit_ceil(std::max({fibers * 2, size() * 2, std::size_t{63}}) + 1);
        if (mask_ + 1 > enough * 4) {
            try {
                resize(enough);
            } catch (const std::bad_alloc&) {  // the ring stays as it is
            }
        }
    }
    std::size_t capacity() const noexcept { return mask_ + 1; }

    // Requires: the fiber is not in the queue, and there is room: reserve().
    void push(Fiber& fiber) noexcept {
        TENDRIL_ASSERT(size() <= mask_);
        enters(fiber);
        ring_[tail_++ & mask_] = &fiber;
    }

    // Requires: not empty.
    Fiber& front() const noexcept {
        TENDRIL_ASSERT(!empty());
        return *ring_[head_ & mask_];
    }

    Fiber& pop() noexcept {
        TENDRIL_ASSERT(!empty());
        return take<6>();
    }

    // pop() and push(last) in one. For a yield, which touches little: of 1,000 that yield, fetching all that a wake-up
    // needs costs 2 ns more than it saves.
    Fiber& rotate(Fiber& last) noexcept {
        enters(last);
        ring_[tail_++ & mask_] = &last;
        return take<1>();
    }

    void clear() noexcept {
        while (head_ != tail_) {
            leaves(*ring_[head_++ & mask_]);
        }
    }

    // Places are numbered from the first push on. is_past() says whether every fiber pushed before end_place() was
    // `place` has been popped.
    std::size_t end_place() const noexcept { return tail_; }
    bool is_past(std::size_t place) const noexcept { return static_cast<std::ptrdiff_t>(head_ - place) >= 0; }

    // For tests that pick the next fiber. Requires: i < size().
    Fiber& at(std::size_t i) const noexcept {
        TENDRIL_ASSERT(i < size());
        return *ring_[(head_ + i) & mask_];
    }
    void bring_to_front(std::size_t i) noexcept {
        for (; i > 0; --i) {
            std::swap(ring_[(head_ + i) & mask_], ring_[(head_ + i - 1) & mask_]);
        }
    }

private:
    // Asserts invariants in checked builds only, because the control block is cold.
    static void enters([[maybe_unused]] Fiber& fiber) noexcept {
#if TENDRIL_CHECKS
        TENDRIL_ASSERT(!fiber.queued);
        fiber.queued = true;
#endif
    }
    static void leaves([[maybe_unused]] Fiber& fiber) noexcept {
#if TENDRIL_CHECKS
        fiber.queued = false;
#endif
    }

    // Prefetches what the next fiber but one touches first: its control block and this many lines of the frames below.
    template <int Lines>
    [[gnu::always_inline]] Fiber& take() noexcept {
        Fiber& first = *ring_[head_++ & mask_];
        leaves(first);
        if (tail_ - head_ > 1) {
            const auto* block = reinterpret_cast<const char*>(ring_[(head_ + 1) & mask_]);
#pragma GCC unroll 8
            for (int line = -Lines; line < (Lines > 1 ? 2 : 1); ++line) {
                __builtin_prefetch(block + line * 64);
            }
        }
        return first;
    }

    void resize(std::size_t capacity) {
        std::unique_ptr<Fiber*[]> other(new Fiber*[capacity]);
        for (std::size_t i = head_; i != tail_; ++i) {
            other[i & (capacity - 1)] = ring_[i & mask_];
        }
        ring_ = std::move(other);
        mask_ = capacity - 1;
    }

    std::size_t head_ = 0;
    std::size_t tail_ = 0;
    std::size_t mask_ = 0;
    std::unique_ptr<Fiber*[]> ring_;
};

}  // namespace tendril::detail
