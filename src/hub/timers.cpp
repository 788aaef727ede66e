// SPDX-License-Identifier: MIT

#include "hub/timers.hpp"

#include <algorithm>
#include <array>

#include <tendril/detail/base/check.hpp>

#include "base/sys.hpp"
#include "hub/fiber.hpp"
#include "hub/run_queue.hpp"

namespace tendril::detail {

namespace {
constexpr std::size_t arity = 4;
constexpr std::uint32_t most_slack = (std::uint32_t{1} << 24) - 1;  // four seconds
constexpr std::size_t most_looked_at = 64;                          // timers, before a sleep
}  // namespace

Timers::Place& Timers::add(Timer& timer, Deadline when) {
    TENDRIL_ASSERT(!timer.armed());
    heap_.push_back({});
    if (first_free_ == Timer::unarmed && !dropped_.empty()) [[unlikely]] {
        restore_page();
    }
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
        first_free_ = places_[number].index;
    }
    timer.number = number;
    Place& place = places_[number];
    const Entry entry{when.ns(), sequence_++, number};
    const std::int64_t slack = when.slack_ns(now_ns_ != nullptr ? *now_ns_ : entry.when, most_slack_ns_) / slack_unit;
    place.slack = static_cast<std::uint32_t>(slack) & most_slack;
    latest_ns_ = std::min(latest_ns_, latest_of(entry));
    sift_up(heap_.size() - 1, entry);
    return place;
}

void Timers::arm(Timer& timer, Deadline when) {
    Place& place = add(timer, when);
    place.state = State::calls;
    place.timer = &timer;
}

void Timers::arm_background(Timer& timer, Deadline when) {
    Place& place = add(timer, when);
    place.state = State::background;
    place.timer = &timer;
    ++background_;
}

void Timers::arm_waking(Timer& timer, Fiber& fiber, Deadline when) {
    Place& place = add(timer, when);
    place.state = State::wakes;
    place.fiber = &fiber;
    if (fiber.daemon) [[unlikely]] {
        place.state = State::wakes_daemon;
        ++background_;
    }
}

void Timers::disarm(Timer& timer) noexcept {
    TENDRIL_ASSERT(timer.number < places_.size() && places_[timer.number].state != State::free);
    if (Place& place = places_[timer.number]; place.state != State::fired) {
        latest_known_ = latest_known_ && heap_[place.index].when > latest_ns_;
        remove(place.index);
        leave_heap(place);
    }
    free(timer.number);
    timer.number = Timer::unarmed;
}

// Counts an entry that is no longer in the heap, before its state changes.
void Timers::leave_heap(Place& place) noexcept {
    if (place.state == State::background || place.state == State::wakes_daemon) {
        --background_;
    }
}

void Timers::free(std::uint32_t number) noexcept {
    places_[number].state = State::free;
    places_[number].index = first_free_;
    first_free_ = number;
}

void Timers::remove(std::size_t index) noexcept {
    TENDRIL_ASSERT(index < heap_.size() && places_[heap_[index].number].index == index);
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

void Timers::run(std::int64_t now_ns, RunQueue& ready) noexcept {
    const std::uint32_t horizon = sequence_;
    latest_known_ = latest_known_ && next_ns() > now_ns;
    while (!heap_.empty() && heap_.front().when <= now_ns && heap_.front().sequence - horizon >= sequence_ - horizon) {
        const std::uint32_t number = heap_.front().number;
        remove(0);
        Place& place = places_[number];
        leave_heap(place);
        if (place.state == State::wakes || place.state == State::wakes_daemon) {
            place.state = State::fired;
            ready.push(*place.fiber);
        } else {
            Timer& timer = *place.timer;
            free(number);
            timer.number = Timer::unarmed;
            timer.fire(timer);
        }
    }
}

void Timers::postpone(std::int64_t by_ns) noexcept {
    for (Entry& entry : heap_) {  // their order stays as it is
        entry.when += std::min(by_ns, INT64_MAX - entry.when);
    }
    latest_known_ = false;
}

// Looks at the timers that are due before the latest moment found so far, the first ones in the heap first. Of those
// that it has no room to remember, each might have no slack at all.
void Timers::find_latest() noexcept {
    latest_ns_ = INT64_MAX;
    latest_known_ = true;
    std::array<std::size_t, most_looked_at> found;
    std::size_t size = 0;
    const auto consider = [&](std::size_t index) {
        if (index >= heap_.size() || heap_[index].when >= latest_ns_) {
            return;  // nor do those below it matter
        }
        if (size == found.size()) {
            latest_ns_ = heap_[index].when;
            return;
        }
        latest_ns_ = std::min(latest_ns_, latest_of(heap_[index]));
        found[size++] = index;
    };
    consider(0);
    for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t child = found[i] * arity + 1; child <= (found[i] + 1) * arity; ++child) {
            consider(child);
        }
    }
}

std::size_t Timers::places_per_page() noexcept {
    return sys::page_size() / sizeof(Place);
}

void Timers::give_back() noexcept {
    try {
        dropped_.reserve(places_.size() / places_per_page() + 1);
        if (heap_.size() < heap_.capacity() / 4) {
            std::vector<Entry> smaller;
            smaller.reserve(heap_.size() * 2);
            smaller.assign(heap_.begin(), heap_.end());
            heap_ = std::move(smaller);
        }
        give_back_places();
    } catch (const std::bad_alloc&) {  // the room stays as it is
    }
    seen_armed_ = heap_.size();
    seen_places_ = kept_places();
}

// Rebuilds the free list, lowest place first, so that the high ones become free.
void Timers::give_back_places() noexcept {
    std::size_t end = places_.size();
    while (end > 0 && places_[end - 1].state == State::free) {
        --end;
    }
    places_.resize(end);
    if (end < places_.capacity() / 4) {
        places_.shrink_to_fit();
    }
    first_free_ = Timer::unarmed;
    dropped_.clear();
    const std::size_t page = sys::page_size();
    const std::size_t per_page = places_per_page();
    const std::size_t first_page =
        (page - reinterpret_cast<std::uintptr_t>(places_.data()) % page) % page / sizeof(Place);
    while (end > 0) {
        const std::size_t begin = end > first_page ? first_page + (end - 1 - first_page) / per_page * per_page : 0;
        if (end - begin == per_page && all_free(begin, end)) {
            sys::discard(&places_[begin], page);
            dropped_.push_back(static_cast<std::uint32_t>(begin));
        } else {
            list_free(begin, end);
        }
        end = begin;
    }
}

bool Timers::all_free(std::size_t begin, std::size_t end) const noexcept {
    const auto at = [this](std::size_t i) { return places_.begin() + static_cast<std::ptrdiff_t>(i); };
    return std::all_of(at(begin), at(end), [](const Place& place) { return place.state == State::free; });
}

void Timers::list_free(std::size_t begin, std::size_t end) noexcept {
    while (end-- > begin) {
        if (places_[end].state == State::free) {
            free(static_cast<std::uint32_t>(end));
        }
    }
}

// Takes the lowest page that was given back into use again. It reads as zeros, which are free places.
void Timers::restore_page() noexcept {
    const std::uint32_t begin = dropped_.back();
    dropped_.pop_back();
    list_free(begin, begin + places_per_page());
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
