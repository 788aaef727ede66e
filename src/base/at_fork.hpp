// SPDX-License-Identifier: MIT
//
// AtFork: repairs an object in the child of a fork(), where only the calling OS thread goes on: whatever refers to OS
// threads that are gone. Locks need no repair: see base/fork_gate.hpp. fork_generation() tells a hub that it is in a
// child for which nothing was prepared.

#pragma once

#include <sys/types.h>

#include <cstdint>

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

// While it lives, calls `in_child` in the child of every fork(), ours or the C library's. Any OS thread may make and
// destroy it. Make it the last member of the object it repairs, which is then complete whenever it is called.
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

// Raised by one in the child of every fork(2), tendril's or not. Starts at 0.
std::uint64_t fork_generation() noexcept;

}  // namespace tendril::detail
