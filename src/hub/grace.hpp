// SPDX-License-Identifier: MIT
//
// Grace: how long green threads may take to end when their hub does. Pure arithmetic: the hub passes in the time.

#pragma once

#include <cstddef>
#include <cstdint>

namespace tendril::detail {

// The grace begins anew with all progress: when fewer green threads are left than ever before. One that ends after
// spawning another is no progress, so the hub does end: after at most as many graces as there are green threads. A
// grace is over when all the green threads that are left have slept through the whole of it, or when it has passed and
// each of them has had many turns in it, however many they are.
class Grace {
public:
    static constexpr std::int64_t grace_ns = 1'000'000'000;
    static constexpr int least_turns = 100;

    Grace(std::size_t left, std::int64_t now_ns, std::int64_t slept_ns) noexcept
        : fewest_(left), since_ns_(now_ns), slept_ns_(slept_ns) {}

    // To be called when each ready green thread has had a turn. `slept_ns`: how long the hub has slept in all.
    bool is_over(std::size_t left, std::int64_t now_ns, std::int64_t slept_ns) noexcept {
        if (left < fewest_) {
            *this = Grace(left, now_ns, slept_ns);
            return false;
        }
        return slept_ns - slept_ns_ >= grace_ns || (++turns_ >= least_turns && now_ns - since_ns_ >= grace_ns);
    }

private:
    std::size_t fewest_;
    std::int64_t since_ns_;
    std::int64_t slept_ns_;
    int turns_ = 0;
};

}  // namespace tendril::detail
