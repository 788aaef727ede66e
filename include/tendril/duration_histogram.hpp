// SPDX-License-Identifier: MIT
// Floor: base
//
// DurationHistogram: how often durations of each size have come: at most 1 µs, 2 µs, 4 µs, ... 8.4 s, or longer.

#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tendril {

class DurationHistogram {
public:
    static constexpr std::size_t buckets = 25;  // how many counts there are

    // Returns the longest duration that bucket i counts; the last bucket has no bound.
    static constexpr std::chrono::nanoseconds bound(std::size_t i) noexcept {
        return std::chrono::microseconds(std::int64_t{1} << i);
    }

    // Counts a duration.
    void add(std::chrono::nanoseconds duration) noexcept {
        const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 1));
        ++counts_[std::min<std::size_t>(static_cast<std::size_t>(std::bit_width((ns - 1) / 1000)), buckets - 1)];
        sum_ += duration;
        longest_ = std::max(longest_, duration);
    }

    // Adds all that another one has counted.
    DurationHistogram& operator+=(const DurationHistogram& other) noexcept {
        for (std::size_t i = 0; i < buckets; ++i) {
            counts_[i] += other.counts_[i];
        }
        sum_ += other.sum_;
        longest_ = std::max(longest_, other.longest_);
        return *this;
    }

    // How many fell into this bucket.
    std::uint64_t count(std::size_t bucket) const noexcept { return counts_[bucket]; }
    // How many there were in all.
    std::uint64_t count() const noexcept {
        std::uint64_t all = 0;
        for (const std::uint64_t each : counts_) {
            all += each;
        }
        return all;
    }
    std::chrono::nanoseconds sum() const noexcept { return sum_; }          // of all
    std::chrono::nanoseconds longest() const noexcept { return longest_; }  // the longest of all

    // Returns the bound of the bucket below which this share (0 to 1) of the durations are, or the longest one if that
    // is less; 0 if there are none.
    std::chrono::nanoseconds quantile(double share) const noexcept {
        const auto wanted = share * static_cast<double>(count());
        std::uint64_t below = 0;
        for (std::size_t i = 0; i + 1 < buckets; ++i) {
            below += counts_[i];
            if (static_cast<double>(below) >= wanted) {
                return std::min(bound(i), longest_);
            }
        }
        return longest_;
    }

private:
    std::array<std::uint64_t, buckets> counts_{};
    std::chrono::nanoseconds sum_{};
    std::chrono::nanoseconds longest_{};
};

}  // namespace tendril
