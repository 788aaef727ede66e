// SPDX-License-Identifier: MIT
//
// Latencies: how many answers took how long, in steps of 1, 2, 5, 10, 20, 50 ...

#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace demo {

class Latencies {
public:
    // The upper bound of each step, in microseconds; one more step has the answers that took longer.
    static constexpr std::array<std::uint64_t, 18> bounds{10,      20,      50,      100,       200,       500,
                                                          1000,    2000,    5000,    10'000,    20'000,    50'000,
                                                          100'000, 200'000, 500'000, 1'000'000, 2'000'000, 5'000'000};

    void note(std::chrono::nanoseconds took) {
        const auto us = static_cast<std::uint64_t>(took / std::chrono::microseconds(1));
        ++counts_[static_cast<std::size_t>(std::ranges::upper_bound(bounds, us) - bounds.begin())];
    }

    const std::array<std::uint64_t, bounds.size() + 1>& counts() const { return counts_; }

private:
    std::array<std::uint64_t, bounds.size() + 1> counts_{};
};

}  // namespace demo
