// SPDX-License-Identifier: MIT
//
// QueueIterator: what makes queues and Channels input ranges. Not for users.

#pragma once

#include <cstddef>
#include <iterator>
#include <optional>

#include <tendril/queue_error.hpp>

namespace tendril::detail {

// Gets items until the queue is shut down and empty. Moving on waits as get() does; an exception of it leaves the
// iterator at its item.
template <class Queue, class T>
class QueueIterator {
public:
    using difference_type = std::ptrdiff_t;
    using value_type = T;

    explicit QueueIterator(Queue& queue) : queue_(&queue) { ++*this; }
    T& operator*() const noexcept { return *item_; }
    QueueIterator& operator++() {
        try {
            item_.emplace(queue_->get());
        } catch (const ShutDown&) {
            item_.reset();
        }
        return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const QueueIterator& it, std::default_sentinel_t) noexcept { return !it.item_.has_value(); }

private:
    Queue* queue_;
    mutable std::optional<T> item_;
};

}  // namespace tendril::detail
