// SPDX-License-Identifier: MIT
//
// Green threads that sleep, written once for every C++ system, as workloads.hpp is; peers/go/sleep.go repeats it in Go.

#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "measure.hpp"

namespace bench {

// How late sleeps ended: those of one green thread in 16 are timed, so that reading the clock hardly counts as work.
class Lateness {
public:
    static constexpr std::uint32_t one_in = 16;

    Lateness() { microseconds_.reserve(100'000); }

    void add(double slept_ns, std::chrono::milliseconds wanted) {
        microseconds_.push_back(slept_ns / 1e3 - static_cast<double>(wanted.count()) * 1e3);
    }

    // Returns: the members of report()'s JSON: the median, the 99th percentile and the earliest.
    std::array<char, 128> members() {
        std::array<char, 128> text{};
        if (!microseconds_.empty()) {
            std::sort(microseconds_.begin(), microseconds_.end());
            const std::size_t n = microseconds_.size();
            std::snprintf(text.data(), text.size(), ",\"late_us\":%.1f,\"late_p99_us\":%.1f,\"earliest_us\":%.1f",
                          microseconds_[n / 2], microseconds_[n - 1 - n / 100], microseconds_.front());
        }
        return text;
    }

private:
    std::vector<double> microseconds_;
};

// Per operation: one sleep of 1 to 20 ms. The lengths are the same in every system. What `window` in the middle costs
// is measured, so starting and ending the threads does not count.
template <class System>
void sleeping(System& system, std::uint32_t threads, std::chrono::milliseconds window, const char* name) {
    using std::chrono::milliseconds;
    using Handle = decltype(system.spawn([] {}));
    std::uint64_t sleeps = 0;
    bool over = false;
    Lateness late;
    std::vector<Handle> handles;
    handles.reserve(threads);
    for (std::uint32_t i = 0; i < threads; ++i) {
        handles.push_back(system.spawn([&system, &sleeps, &over, &late, i] {
            std::uint32_t random = (i + 1) * 2654435761U;
            while (!over) {
                random ^= random << 13;
                random ^= random >> 17;
                random ^= random << 5;
                const milliseconds length(1 + random % 20);
                if (i % Lateness::one_in == 0) {
                    const double start = read_clock(CLOCK_MONOTONIC);
                    system.sleep(length);
                    late.add(read_clock(CLOCK_MONOTONIC) - start, length);
                } else {
                    system.sleep(length);
                }
                ++sleeps;
            }
        }));
    }
    system.sleep(milliseconds(100));
    const std::uint64_t sleeps_before = sleeps;
    const Elapsed start = now();
    system.sleep(window);
    const Elapsed took = now() - start;
    const std::uint64_t slept = sleeps - sleeps_before;
    over = true;
    for (Handle& handle : handles) {
        handle.join();
    }
    report(System::identity, name, took, slept, late.members().data());
}

}  // namespace bench
