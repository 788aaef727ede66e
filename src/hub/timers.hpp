// SPDX-License-Identifier: MIT
//
// Timers: deadlines in order; equal ones in the order of arming.
//
// A 4-ary heap of 16-byte entries. Timers lie on thousands of stacks, each on a page of its own, so neither the heap
// nor the firing of a sleeper touches them: an entry holds a small number, and a dense array of places says where in
// the heap that number is and what it does. A sleeper's timer fires by a note in its place, which the sleeper reads
// when it runs. That saves two cache and TLB misses per sleep (docs/design/0003-timers.md).
//
// Arming and cancelling cost O(log n), and next to nothing for the usual deadline that is later than most. A cancelled
// timer leaves nothing behind but its place, which the next one takes. After a burst give_back() gives back the heap's
// room, the places behind the last one in use, and the pages that hold no place in use.
//
// A timer has a slack: how late it may fire where the hub would have to wake up for it alone. None fires early, and
// the order is that of the deadlines. latest_ns() is how long a hub may sleep: until the first timer is as late as it
// may be. It is kept by each arming, and looked for anew, among the timers that are due first, when one was taken away
// that may have been the reason.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/hub/timer.hpp>

namespace tendril::detail {

struct Fiber;
class RunQueue;

class Timers {
public:
    // Without slack, unless a Deadline asks for one.
    Timers() = default;
    // With what deadlines have, up to most_slack_ns. Their lengths count from now_ns, which the owner keeps up to date.
    Timers(const std::int64_t& now_ns, std::int64_t most_slack_ns) noexcept
        : now_ns_(&now_ns), most_slack_ns_(most_slack_ns) {}

    // Arms the timer: when due, it is disarmed and timer.fire is called. Throws: std::bad_alloc, with nothing armed.
    void arm(Timer& timer, Deadline when);
    void arm(Timer& timer, std::int64_t when_ns) { arm(timer, at(when_ns)); }

    // The same for a timer that cannot wake a waiter, and so does not prevent a LoopExit.
    void arm_background(Timer& timer, Deadline when);
    void arm_background(Timer& timer, std::int64_t when_ns) { arm_background(timer, at(when_ns)); }

    // Arms the timer: when due, the fiber becomes ready, and fired() returns true until cancel() is called. A daemon's
    // does not prevent a LoopExit.
    void arm_waking(Timer& timer, Fiber& fiber, Deadline when);
    bool fired(const Timer& timer) const noexcept {
        return timer.armed() && places_[timer.number].state == State::fired;
    }

    void cancel(Timer& timer) noexcept {  // harmless when not armed
        if (timer.armed()) [[unlikely]] {
            disarm(timer);
        }
    }

    // Cancels the timers that call (not those that wake) for which lies_there(address of the timer).
    template <class Lies>
    void cancel_if(Lies lies_there) noexcept {
        for (Place& place : places_) {
            if ((place.state == State::calls || place.state == State::background) &&
                lies_there(static_cast<const void*>(place.timer))) {
                disarm(*place.timer);
            }
        }
    }

    // Makes all that is armed due that much later. Cost: O(n).
    void postpone(std::int64_t by_ns) noexcept;

    // Calls f(when_ns, Timer* or nullptr, Fiber* or nullptr, whether it prevents a LoopExit) for each that is armed;
    // the fiber is the one that it wakes.
    template <class F>
    void for_each(F f) const {
        for (const Entry& entry : heap_) {
            const Place& place = places_[entry.number];
            const bool wakes = place.state == State::wakes || place.state == State::wakes_daemon;
            f(entry.when, wakes ? nullptr : place.timer, wakes ? place.fiber : nullptr,
              place.state == State::wakes || place.state == State::calls);
        }
    }

    bool empty() const noexcept { return heap_.empty(); }
    bool only_background() const noexcept { return heap_.size() == background_; }
    std::size_t size() const noexcept { return heap_.size(); }
    std::int64_t next_ns() const noexcept { return heap_.empty() ? INT64_MAX : heap_.front().when; }

    // Returns until when a hub without other work may sleep; INT64_MAX: nothing is armed. Never before next_ns(), and
    // no later than any timer may be. Cost: O(1), bounded by some dozens of timers.
    std::int64_t latest_ns() noexcept {
        if (!latest_known_) {
            find_latest();
        }
        return latest_ns_;
    }

    // For timers armed from now on.
    void set_most_slack(std::int64_t ns) noexcept { most_slack_ns_ = ns; }

    // Whether far more room is kept than is used, unless the last give_back() found that it cannot help.
    bool surplus() const noexcept {
        constexpr std::size_t kept = 4096;
        return kept_places() > heap_.size() * 4 + kept &&
               (heap_.size() < seen_armed_ / 2 || kept_places() > seen_places_);
    }
    void give_back() noexcept;  // Cost: O(n) in the room kept
    std::size_t bytes() const noexcept { return heap_.capacity() * sizeof(Entry) + kept_places() * sizeof(Place); }
    std::size_t kept_places() const noexcept { return places_.size() - dropped_.size() * places_per_page(); }

    // Fires all timers due at now_ns, in order; wakes fibers into `ready`. One armed meanwhile waits for the next call.
    void run(std::int64_t now_ns, RunQueue& ready) noexcept;

private:
    struct Entry {
        std::int64_t when;
        std::uint32_t sequence;  // of arming; compared as a difference, so it may wrap around
        std::uint32_t number;
        bool before(const Entry& other) const noexcept {
            return when != other.when ? when < other.when : static_cast<std::int32_t>(sequence - other.sequence) < 0;
        }
    };
    enum class State : std::uint8_t { free = 0, calls, background, wakes, wakes_daemon, fired };
    struct Place {
        union {
            Timer* timer;  // when it calls, in the background or not
            Fiber* fiber;  // when it wakes
        };
        std::uint32_t index;       // in the heap; when free, the next free number
        std::uint32_t slack : 24;  // how late it may be, in slack_unit
        State state;
    };
    static_assert(sizeof(Place) == 16);
    static constexpr std::int64_t slack_unit = 256;  // nanoseconds

    void put(std::size_t index, const Entry& entry) noexcept {
        heap_[index] = entry;
        places_[entry.number].index = static_cast<std::uint32_t>(index);
    }
    void sift_up(std::size_t index, const Entry& entry) noexcept;
    void sift_down(std::size_t index, const Entry& entry) noexcept;
    static constexpr Deadline at(std::int64_t when_ns) noexcept {
        return Deadline::Clock::time_point(std::chrono::nanoseconds(when_ns));
    }
    std::int64_t latest_of(const Entry& entry) const noexcept {
        const std::int64_t slack = places_[entry.number].slack * slack_unit;
        return entry.when < INT64_MAX - slack ? entry.when + slack : INT64_MAX;
    }
    void find_latest() noexcept;
    Place& add(Timer& timer, Deadline when);
    void disarm(Timer& timer) noexcept;
    void leave_heap(Place& place) noexcept;
    void free(std::uint32_t number) noexcept;
    void remove(std::size_t index) noexcept;
    static std::size_t places_per_page() noexcept;
    void give_back_places() noexcept;
    bool all_free(std::size_t begin, std::size_t end) const noexcept;
    void list_free(std::size_t begin, std::size_t end) noexcept;
    void restore_page() noexcept;

    std::vector<Entry> heap_;
    std::vector<Place> places_;
    std::uint32_t first_free_ = Timer::unarmed;
    std::vector<std::uint32_t> dropped_;  // pages of free places given back, in no free list: their first places
    std::size_t seen_armed_ = SIZE_MAX;   // by the last give_back()
    std::size_t seen_places_ = 0;
    std::uint32_t sequence_ = 0;
    const std::int64_t* now_ns_ = nullptr;
    std::int64_t most_slack_ns_ = 0;
    std::int64_t latest_ns_ = INT64_MAX;  // no later than what latest_ns() returns, where that is known
    bool latest_known_ = true;
    std::size_t background_ = 0;  // entries in the states background and wakes_daemon; changes where the state does
};

}  // namespace tendril::detail
