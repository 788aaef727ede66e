// SPDX-License-Identifier: MIT
//
// TENDRIL_ASSERT: checks an invariant wherever NDEBUG is not defined (dev, tsan, fuzz, valgrind), and costs nothing in
// release. If it is false, prints file, line, condition and the running green thread, and aborts.
//
// For invariants that only a bug of the library can break. A mistake of its user is a std::logic_error that says what
// to do.

#pragma once

#include <cstddef>

namespace tendril::detail {

// Writes into out[0, size) a description of what runs on this OS thread. Returns: the number of bytes; 0: no
// description. A higher floor registers it, because base knows no green threads.
using DescribeFlow = std::size_t (*)(char* out, std::size_t size) noexcept;
void describe_flow_by(DescribeFlow describe) noexcept;

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace tendril::detail

#ifndef NDEBUG
#define TENDRIL_CHECKS 1  // for members that only assertions need
#define TENDRIL_ASSERT(...) \
    ((__VA_ARGS__) ? static_cast<void>(0) : ::tendril::detail::assertion_failed(#__VA_ARGS__, __FILE__, __LINE__))
#else  // the condition is not evaluated, but its names count as used
#define TENDRIL_CHECKS 0
#define TENDRIL_ASSERT(...) static_cast<void>(sizeof((__VA_ARGS__) ? 1 : 0))
#endif
