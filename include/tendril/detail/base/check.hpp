// SPDX-License-Identifier: MIT
//
// TENDRIL_ASSERT: an invariant that is checked wherever NDEBUG is not defined (dev, tsan, fuzz, valgrind), and costs
// nothing in release. A false one prints file, line, condition and the green thread that found it, and aborts.
//
// For what only a bug of the library can break. What its user can break is a std::logic_error that says what to do.

#pragma once

#include <cstddef>

namespace tendril::detail {

// Writes into out[0, size) what runs on this OS thread. Returns: how many bytes; 0: there is nothing to say. The floor
// that knows registers it: base knows no green threads.
using DescribeFlow = std::size_t (*)(char* out, std::size_t size) noexcept;
void describe_flow_by(DescribeFlow describe) noexcept;

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace tendril::detail

#ifndef NDEBUG
#define TENDRIL_CHECKS 1  // for what only assertions need
#define TENDRIL_ASSERT(...) \
    ((__VA_ARGS__) ? static_cast<void>(0) : ::tendril::detail::assertion_failed(#__VA_ARGS__, __FILE__, __LINE__))
#else  // not evaluated, but its names are used
#define TENDRIL_CHECKS 0
#define TENDRIL_ASSERT(...) static_cast<void>(sizeof((__VA_ARGS__) ? 1 : 0))
#endif
