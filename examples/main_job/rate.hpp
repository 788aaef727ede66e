// SPDX-License-Identifier: MIT
//
// Rate: how often something has happened in the last second.

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace demo {

class Rate {
public:
    using Clock = std::chrono::steady_clock;

    void note(Clock::time_point now = Clock::now()) {
        move_to(now);
        ++counts_[tick_ % slots];
    }

    std::uint64_t per_second(Clock::time_point now = Clock::now()) {
        move_to(now);
        std::uint64_t sum = 0;
        for (std::uint64_t back = 1; back < slots; ++back) {  // the current slot's time is not over yet
            sum += counts_[(tick_ + slots - back) % slots];
        }
        return sum;
    }

private:
    static constexpr std::uint64_t slots = 11;  // each a tenth of a second

    void move_to(Clock::time_point now) {
        const auto tick = static_cast<std::uint64_t>(now.time_since_epoch() / std::chrono::milliseconds(100));
        if (tick - tick_ >= slots) {
            counts_.fill(0);
            tick_ = tick;
        }
        while (tick_ < tick) {
            counts_[++tick_ % slots] = 0;
        }
    }

    std::array<std::uint64_t, slots> counts_{};
    std::uint64_t tick_ = 0;
};

}  // namespace demo
