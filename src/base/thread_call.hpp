// SPDX-License-Identifier: MIT
//
// What another OS thread of this process does, as the kernel tells, and what lies in its memory: without a signal, so
// that no call of its is disturbed, and without trust in what moves meanwhile.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace tendril::detail {

struct ThreadCall {
    enum class State : std::uint8_t { runs, waits, unknown };
    State state = State::unknown;  // waits: in a system call; unknown: the kernel does not say
    long number = -1;
    const void* stack_pointer = nullptr;
    const void* address = nullptr;  // behind the call
    friend bool operator==(const ThreadCall&, const ThreadCall&) = default;

    static ThreadCall of(pid_t thread) noexcept;

    std::string name() const;  // "clock_nanosleep"; "system call 1234"
};

// Returns: false when not all of it can be read.
bool copy_memory(const void* from, void* to, std::size_t size) noexcept;

// The return addresses that lie on a stack, innermost first: words that lie behind a call instruction. Some may be left
// over from calls that have returned. Returns: how many were written.
std::size_t return_addresses_on(const void* stack_pointer, std::span<void*> out) noexcept;

}  // namespace tendril::detail
