// SPDX-License-Identifier: MIT
//
// Timers: deadlines in order, and for equal ones in the order of arming.
//
// A 4-ary heap of 16-byte entries. Moving an entry must tell its timer where it went, and timers lie on thousands of cold
// stacks; so an entry names a small number instead, and a dense array maps numbers to places. Arming and cancelling cost
// O(log n), next to nothing for the usual deadline that is later than most; a cancelled timer leaves nothing behind.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <tendril/detail/timer.hpp>

namespace tendril::detail {

class Timers {
public:
    // Throws: std::bad_alloc; nothing is armed then.
    void arm(Timer& timer, std::int64_t when_ns);
    void cancel(Timer& timer) noexcept;  // harmless when not armed

    bool empty() const noexcept { return heap_.empty(); }
    std::size_t size() const noexcept { return heap_.size(); }
    std::int64_t next_ns() const noexcept { return heap_.empty() ? INT64_MAX : heap_.front().when; }

    // Fires all that are due at now_ns, in order. What they arm for the past waits for the next call.
    void run(std::int64_t now_ns) noexcept;

private:
    struct Entry {
        std::int64_t when;
        std::uint32_t sequence;  // of arming; compared as a difference, so it may wrap around
        std::uint32_t number;
        bool before(const Entry& other) const noexcept {
            return when != other.when ? when < other.when : static_cast<std::int32_t>(sequence - other.sequence) < 0;
        }
    };
    struct Place {
        Timer* timer;              // nullptr: this number is free
        std::uint32_t heap_index;  // or, when free, the next free number
    };

    void put(std::size_t index, const Entry& entry) noexcept {
        heap_[index] = entry;
        places_[entry.number].heap_index = static_cast<std::uint32_t>(index);
    }
    void sift_up(std::size_t index, const Entry& entry) noexcept;
    void sift_down(std::size_t index, const Entry& entry) noexcept;
    void remove(std::size_t index) noexcept;

    std::vector<Entry> heap_;
    std::vector<Place> places_;
    std::uint32_t first_free_ = Timer::unarmed;
    std::uint32_t sequence_ = 0;
};

}  // namespace tendril::detail
