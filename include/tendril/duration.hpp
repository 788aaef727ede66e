// SPDX-License-Identifier: MIT
// Floor: base
//
// Duration: a span of time that is not negative. Built from any std::chrono::duration, of any unit and number type.
//
//     Timer tick(500ms, beat, {.repeat = std::chrono::duration<double>(0.5)});
//     Timer never_due(std::chrono::years(300), beat);       // forever: nothing wraps around
//
// Every option and parameter that is a time span is a Duration, and Deadlines are built from one, so that all convert
// alike: rounded up to nanoseconds, and anything longer than a century is `forever`. Any OS thread may use it.

#pragma once

#if __cplusplus < 202002L
#error "tendril needs C++20: compile with -std=c++20 or later"
#endif

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>
#include <ratio>
#include <type_traits>

namespace tendril {

namespace detail {

inline constexpr long double longest_ns = 4e18L;  // 126 years; a longer span, added to a clock, might overflow

// Converts to nanoseconds, rounded up; to the largest (smallest) number if the span is longer than any clock needs.
// NaN: the largest.
template <class Rep, class Period>
constexpr std::int64_t saturated_ns(std::chrono::duration<Rep, Period> d) noexcept {
    using Limits = std::numeric_limits<std::int64_t>;
    constexpr std::int64_t second = std::nano::den;
    constexpr auto unit = static_cast<long double>(Period::num) * (static_cast<long double>(second) / Period::den);
    const long double exact = static_cast<long double>(d.count()) * unit;
    if (!(exact < longest_ns)) {
        return Limits::max();
    }
    if (exact <= -longest_ns) {
        return Limits::min();
    }
    if constexpr (std::is_integral_v<Rep> && second % Period::den == 0 && unit < longest_ns) {
        return static_cast<std::int64_t>(d.count()) * (Period::num * (second / Period::den));
    } else {
        const auto whole = static_cast<std::int64_t>(exact);
        return whole + (static_cast<long double>(whole) < exact ? 1 : 0);
    }
}

[[noreturn]] void refuse_duration(double seconds);  // throws std::invalid_argument

}  // namespace detail

class Duration {
public:
    constexpr Duration() noexcept = default;
    // zero

    // Throws: std::invalid_argument when negative or not a number.
    template <class Rep, class Period>
    constexpr Duration(std::chrono::duration<Rep, Period> d) : ns_(detail::saturated_ns(d)) {  // implicit on purpose
        if (!(d >= d.zero())) {
            detail::refuse_duration(static_cast<double>(d.count()) * Period::num / Period::den);
        }
    }

    // As the standard has it; `forever` becomes the largest.
    constexpr operator std::chrono::nanoseconds() const noexcept {  // implicit on purpose; forever: the largest
        return std::chrono::nanoseconds(ns_);
    }
    constexpr std::int64_t count() const noexcept { return ns_; }  // nanoseconds
    // Whether it is the longest span, which no clock reaches.
    constexpr bool is_forever() const noexcept { return ns_ == std::numeric_limits<std::int64_t>::max(); }

    friend constexpr auto operator<=>(Duration, Duration) = default;  // NOLINT(modernize-use-nullptr): a false alarm

private:
    std::int64_t ns_ = 0;
};

inline constexpr Duration forever{std::chrono::nanoseconds::max()};  // no limit

}  // namespace tendril
