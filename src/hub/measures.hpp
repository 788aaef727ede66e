// SPDX-License-Identifier: MIT
//
// Measures: a hub's histograms, of stretches and of the delay in the run queue, while someone wants them.
//
// A stretch is the time from one switch to the next. The delay is sampled, because noting when each green thread became
// ready would cost every wake-up: a sample marks the end of the run queue, where one that became ready now would stand,
// and ends when that place has come to the front; then the next sample begins.

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <tendril/duration_histogram.hpp>
#include <tendril/site.hpp>

#include "hub/switch_watch.hpp"

namespace tendril {
struct SchedulingInfo;
}

namespace tendril::detail {

struct HubCore;

class Measures final : public SwitchWatch {
public:
    explicit Measures(HubCore& hub) noexcept : hub_(hub) {}

    // Measures from now on, until this was not called for a minute.
    void want() noexcept;
    SchedulingInfo info() const noexcept;

    void switches(std::uint64_t to, std::int64_t now_ns) noexcept override;
    void sleeps(std::int64_t now_ns) noexcept override;
    void wakes(std::int64_t now_ns) noexcept override;

private:
    static constexpr std::int64_t patience_ns = 60'000'000'000;
    static constexpr std::int64_t window_ns = 5'000'000'000;

    void end_stretch(std::int64_t now_ns) noexcept;
    void end_sample(std::int64_t now_ns) noexcept;
    void begin_sample(std::int64_t now_ns) noexcept;

    struct Longest {
        std::chrono::nanoseconds took{};
        std::uint64_t greenlet = 0;
        Site where;
    };

    HubCore& hub_;
    std::int64_t wanted_until_ns_ = 0;
    std::int64_t since_ns_ = 0;    // when the present stretch began; 0: not known
    std::int64_t sampled_ns_ = 0;  // when the present sample began; 0: there is none
    std::size_t place_ = 0;        // of the sample in the run queue
    std::int64_t window_begin_ = 0;
    std::array<Longest, 2> windows_{};  // this one and the one before: the longest stretch of each
    Longest longest_;
    DurationHistogram delays_;
    DurationHistogram stretches_;
};

}  // namespace tendril::detail
