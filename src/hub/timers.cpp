// SPDX-License-Identifier: MIT

#include "hub/timers.hpp"

#include <algorithm>

namespace tendril::detail {

namespace {
constexpr std::size_t arity = 4;
}

void Timers::arm(Timer& timer, std::int64_t when_ns) {
    heap_.push_back({});
    std::uint32_t number = first_free_;
    if (number == Timer::unarmed) {
        number = static_cast<std::uint32_t>(places_.size());
        try {
            places_.push_back({});
        } catch (...) {
            heap_.pop_back();
            throw;
        }
    } else {
        first_free_ = places_[number].heap_index;
    }
    places_[number].timer = &timer;
    timer.number = number;
    sift_up(heap_.size() - 1, {when_ns, sequence_++, number});
}

void Timers::cancel(Timer& timer) noexcept {
    if (timer.armed()) {
        remove(places_[timer.number].heap_index);
    }
}

void Timers::remove(std::size_t index) noexcept {
    const std::uint32_t number = heap_[index].number;
    Place& place = places_[number];
    place.timer->number = Timer::unarmed;
    place.timer = nullptr;
    place.heap_index = first_free_;
    first_free_ = number;

    const Entry last = heap_.back();
    heap_.pop_back();
    if (index == heap_.size()) {
        return;
    }
    if (index > 0 && last.before(heap_[(index - 1) / arity])) {
        sift_up(index, last);
    } else {
        sift_down(index, last);
    }
}

void Timers::run(std::int64_t now_ns) noexcept {
    const std::uint32_t horizon = sequence_;
    while (!heap_.empty() && heap_.front().when <= now_ns && static_cast<std::int32_t>(heap_.front().sequence - horizon) < 0) {
        Timer& timer = *places_[heap_.front().number].timer;
        remove(0);
        timer.fire(timer);
    }
}

void Timers::sift_up(std::size_t index, const Entry& entry) noexcept {
    while (index > 0) {
        const std::size_t parent = (index - 1) / arity;
        if (!entry.before(heap_[parent])) {
            break;
        }
        put(index, heap_[parent]);
        index = parent;
    }
    put(index, entry);
}

void Timers::sift_down(std::size_t index, const Entry& entry) noexcept {
    const std::size_t n = heap_.size();
    for (;;) {
        const std::size_t first = index * arity + 1;
        if (first >= n) {
            break;
        }
        std::size_t best = first;
        for (std::size_t child = first + 1; child < std::min(first + arity, n); ++child) {
            if (heap_[child].before(heap_[best])) {
                best = child;
            }
        }
        if (!heap_[best].before(entry)) {
            break;
        }
        put(index, heap_[best]);
        index = best;
    }
    put(index, entry);
}

}  // namespace tendril::detail
