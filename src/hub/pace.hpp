// SPDX-License-Identifier: MIT
//
// Pace: how often a hub looks at the clock and asks its backend while its green threads run. Pure arithmetic: the hub
// passes in the times.
//
// 1. From the end of one look to the next the green threads run for about longest_ns, and switch at most most_switches
//    times. Their time is measured from the end of the last poll: a poll's own time is not theirs.
// 2. Asking the backend may cost much (poll(2) with many descriptors). The hub asks again only after the green threads
//    have run `share` times as long as the last poll took, so polling takes a fifth of the time at most, and events may
//    come that late. Timers are on time: a look that does not ask the backend fires them.
// 3. One poll that took long, because the OS thread was not running, says little: the estimated cost at most doubles
//    from poll to poll, and falls at once.

#pragma once

#include <algorithm>
#include <cstdint>

namespace tendril::detail {

class Pace {
public:
    static constexpr int most_switches = 256;
    static constexpr std::int64_t longest_ns = 1'000'000;
    static constexpr std::int64_t share = 4;

    explicit Pace(std::int64_t now_ns) noexcept : since_ns_(now_ns), asked_ns_(now_ns) {}

    // To be called when the green threads have spent their switches. Returns: how many they have until the next look.
    int looked(std::int64_t now_ns) noexcept {
        const std::int64_t ran = std::max<std::int64_t>(now_ns - since_ns_, 1);
        since_ns_ = now_ns;
        if (ran > longest_ns) {
            switches_ = static_cast<int>(std::max<std::int64_t>(switches_ * longest_ns / ran, 1));
        } else {
            switches_ = std::min(switches_ * 2, most_switches);
        }
        return switches_;
    }

    // Whether the green threads have run long enough since the last poll to ask the backend again.
    bool may_ask(std::int64_t now_ns) const noexcept { return now_ns - asked_ns_ >= share * cost_ns_; }

    // Notes a poll without sleeping that began at begin_ns.
    void asked(std::int64_t begin_ns, std::int64_t now_ns) noexcept {
        cost_ns_ = std::min(now_ns - begin_ns, 2 * cost_ns_ + least_doubt_ns);
        since_ns_ = asked_ns_ = now_ns;
    }

    // Notes that the hub had nothing else to do, and may have slept. Returns: how many switches until the next look:
    // few, because the green threads that woke up may be heavier than those that ran before.
    int idled(std::int64_t now_ns) noexcept {
        since_ns_ = asked_ns_ = now_ns;
        switches_ = std::min(switches_, first_switches);
        return switches_;
    }

    std::int64_t asked_ns() const noexcept { return asked_ns_; }

private:
    static constexpr int first_switches = 16;
    static constexpr std::int64_t least_doubt_ns = 10'000;

    int switches_ = first_switches;
    std::int64_t since_ns_;     // when the green threads began to run
    std::int64_t asked_ns_;     // when the backend was last asked
    std::int64_t cost_ns_ = 0;  // estimated cost of a poll
};

}  // namespace tendril::detail
