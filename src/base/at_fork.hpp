// SPDX-License-Identifier: MIT
//
// AtFork: what must be mended in the child of a fork(), where only the calling OS thread goes on: what refers to OS
// threads that are gone. Locks need no mending: see base/fork_gate.hpp. And how a hub knows that it is in a child that
// nobody prepared.

#pragma once

#include <sys/types.h>

#include <cstdint>

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

// Calls `in_child` in the child of every fork(), ours or the C library's, while it lives. Any OS thread may make and
// destroy it. Make it the last member of what it mends: that is then whole whenever it is called.
class AtFork : private ListNode {
public:
    // in_child: must not wait, throw, or make or destroy an AtFork.
    AtFork(void* object, void (*in_child)(void* object) noexcept);
    AtFork(const AtFork&) = delete;
    AtFork& operator=(const AtFork&) = delete;
    ~AtFork();

private:
    friend class List<AtFork>;
    friend void mend_child() noexcept;

    void* const object_;
    void (*const in_child_)(void*) noexcept;
};

// Raised in the child of every fork(2), by whoever it was called, also without us. Starts at 0.
std::uint64_t fork_generation() noexcept;

}  // namespace tendril::detail
