// SPDX-License-Identifier: MIT
//
// ThreadCall: what another OS thread of this process is doing, according to the kernel, and what its memory contains.
// It sends no signal, so it disturbs no system call, and it does not trust data that may move meanwhile.

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
    const void* address = nullptr;  // the instruction after the call
    friend bool operator==(const ThreadCall&, const ThreadCall&) = default;

    static ThreadCall of(pid_t thread) noexcept;

    std::string name() const;  // "clock_nanosleep"; "system call 1234"
};

// Copies memory of this process that may be unmapped. Returns: false if not all of it can be read.
bool copy_memory(const void* from, void* to, std::size_t size) noexcept;

// Finds the return addresses on a stack, innermost first: words that point just after a call instruction. Some may be
// left over from calls that have returned. Returns: how many were written.
std::size_t return_addresses_on(const void* stack_pointer, std::span<void*> out) noexcept;

}  // namespace tendril::detail
