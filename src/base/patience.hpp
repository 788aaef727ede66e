// SPDX-License-Identifier: MIT
//
// Patience: whether an OS thread that waits for another one spins for a moment before it sleeps. Pure arithmetic: who
// waits passes in the times.
//
// A sleep costs two system calls, and the wake-up some 20 to 50 us on a virtual machine. If the other side runs, it
// answers within one; if it does not, spinning takes the processor that it needs.
//
// 1. Nobody spins before it has seen `needed_` waits in a row that were short, though it slept through them. Such a
//    wait is measured up to the moment when the other side sent, and may contain the other side's own wake-up: hence
//    longest_ns, which is more than one.
// 2. A spin is quick, or a miss. After some misses in a row nobody spins until twice as many short waits were seen. So
//    two sides that answer each other find each other spinning, and where there is only one processor next to
//    nothing is spent.

#pragma once

#include <algorithm>
#include <cstdint>

namespace tendril::detail {

class Patience {
public:
    static constexpr std::int64_t longest_ns = 50'000;
    static constexpr std::int64_t quick_ns = 15'000;  // about what a sleep costs of a processor's time

    bool spins() const noexcept { return seen_ >= needed_; }

    // Notes a spin of that length. `came`: what it waited for.
    void spun(std::int64_t ns, bool came) noexcept {
        if (came && ns <= quick_ns) {
            misses_ = 0;
            needed_ = std::max(needed_ / 2, least);
        } else if ((misses_ += came ? 1 : 2) >= most_misses) {
            misses_ = seen_ = 0;
            needed_ = std::min(needed_ * 2, most);
        }
    }

    // Notes a sleep: how long after its begin the other side sent.
    void slept(std::int64_t ns) noexcept { seen_ = ns <= longest_ns ? std::min(seen_ + 1, most) : 0; }

private:
    static constexpr int least = 4;
    static constexpr int most = 4096;
    static constexpr int most_misses = 4;

    int seen_ = 0;  // short waits in a row
    int needed_ = least;
    int misses_ = 0;  // in a row
};

}  // namespace tendril::detail
