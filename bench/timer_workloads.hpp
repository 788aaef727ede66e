// SPDX-License-Identifier: MIT
//
// 1,000,000 timers, written once for every C++ system, as workloads.hpp is; peers/go/timers.go repeats it in Go. A
// Timers, made for a number of them, has
//
//     void arm(i, std::chrono::microseconds after)    calls count() when it fires
//     void cancel(i)
//     void run()                                      returns when all that are armed have fired
//
// Per operation: one timer armed, cancelled or fired. Times are spread at random, but the same in every system.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "measure.hpp"

namespace bench {

inline constexpr std::size_t timers = 1'000'000;
inline std::uint64_t fired = 0;

inline void count() {
    ++fired;
}

inline std::uint32_t next_random(std::uint32_t& state) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

template <class Timers>
void arm_all(Timers& all, std::chrono::microseconds longest) {
    std::uint32_t random = 2654435761U;
    for (std::size_t i = 0; i < timers; ++i) {
        all.arm(i, std::chrono::microseconds(next_random(random) % static_cast<std::uint32_t>(longest.count())));
    }
}

template <class Timers>
void cancel_all(Timers& all) {
    std::vector<std::uint32_t> order(timers);
    std::uint32_t random = 362436069U;
    for (std::uint32_t i = 0; i < timers; ++i) {
        const std::uint32_t place = next_random(random) % (i + 1);
        order[i] = order[place];
        order[place] = i;
    }
    for (const std::uint32_t each : order) {
        all.cancel(each);
    }
}

inline constexpr std::chrono::microseconds far_off = std::chrono::minutes(60);

template <class Timers>
void arm_timers(const Identity& who) {
    Timers all(timers);
    const Elapsed start = now();
    arm_all(all, far_off);
    report(who, "timers_arm", now() - start, timers);
    cancel_all(all);
}

template <class Timers>
void cancel_timers(const Identity& who) {
    Timers all(timers);
    arm_all(all, far_off);
    const Elapsed start = now();
    cancel_all(all);
    report(who, "timers_cancel", now() - start, timers);
}

// Each is due 2 to 2.05 s after it was armed, so none fires before all are.
template <class Timers>
void fire_timers(const Identity& who) {
    Timers all(timers);
    fired = 0;
    std::uint32_t random = 2654435761U;
    for (std::size_t i = 0; i < timers; ++i) {
        all.arm(i, std::chrono::milliseconds(2'000) + std::chrono::microseconds(next_random(random) % 50'000));
    }
    const Elapsed start = now();
    all.run();
    report(who, "timers_fire", now() - start, timers);
    require_done("timers_fire", fired, timers);
}

}  // namespace bench
