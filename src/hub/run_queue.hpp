// SPDX-License-Identifier: MIT
//
// RunQueue: the green threads that are ready, first in, first out; linked through their control blocks.

#pragma once

#include "hub/fiber.hpp"

namespace tendril::detail {

class RunQueue {
public:
    bool empty() const noexcept { return head_ == nullptr; }

    void push(Fiber& fiber) noexcept {
        fiber.next_ready = nullptr;
        if (head_ == nullptr) {
            head_ = &fiber;
        } else {
            tail_->next_ready = &fiber;
        }
        tail_ = &fiber;
    }

    // Requires: not empty.
    Fiber& pop() noexcept {
        Fiber& first = *head_;
        head_ = first.next_ready;
        // The next one's control block is cold when there are many: fetch it while this one runs.
        __builtin_prefetch(static_cast<const void*>(head_));
        return first;
    }

private:
    Fiber* head_ = nullptr;
    Fiber* tail_ = nullptr;
};

}  // namespace tendril::detail
