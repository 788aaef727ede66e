// SPDX-License-Identifier: MIT
//
// Chance: what stress tests draw from, and the budget that says how long.
//
// TENDRIL_STRESS_OPERATIONS: the number of operations per test (default: some seconds' worth in a sanitizer build).
// TENDRIL_STRESS_SEED: only the round with this seed, which a failure prints. Where the order of the green threads is
// drawn too, and time passes as it is drawn, the round is then the same, step by step.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

#include <tendril/deadline.hpp>

#include "hub/hub_core.hpp"

namespace tendril::stress {

class Chance {
public:
    explicit Chance(std::uint64_t seed) : engine_(seed) {}
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine_() % n); }
    int between(int least, int most) {
        return least + static_cast<int>(below(static_cast<std::size_t>(most - least + 1)));
    }
    bool one_in(std::size_t n) { return below(n) == 0; }

private:
    std::mt19937_64 engine_;
};

// Draws who goes on and when deadlines come; while it lives.
class DrawnOrder final : public detail::Chooser {
public:
    explicit DrawnOrder(std::uint64_t seed) : chance_(seed), hub_(detail::HubCore::here()) {
        hub_.chooser = this;
        hub_.budget = 1;
    }
    DrawnOrder(const DrawnOrder&) = delete;
    DrawnOrder& operator=(const DrawnOrder&) = delete;
    ~DrawnOrder() { hub_.chooser = nullptr; }

    bool pass_time(std::int64_t next_ns, bool must) noexcept override {
        const bool passes = must || chance_.one_in(5);
        if (passes && next_ns > now_ns_) {
            now_ns_ = next_ns;
        }
        return passes;
    }
    std::size_t pick(std::size_t ready) noexcept override { return chance_.one_in(2) ? 0 : chance_.below(ready); }

    Deadline in(std::chrono::microseconds time) const {
        return Deadline::Clock::time_point(std::chrono::nanoseconds(now_ns_) + time);
    }

private:
    Chance chance_;
    detail::HubCore& hub_;
    // As deadlines have come; ahead of the clock, so that none has passed by that.
    std::int64_t now_ns_ = Deadline::now_ns() + std::chrono::nanoseconds(std::chrono::hours(1)).count();
};

inline std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr && *text != 0 ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace tendril::stress
