// SPDX-License-Identifier: MIT
//
// AtFork: what must be sound in the child of a fork(), where only the calling OS thread goes on: mutexes that others
// may hold just then, OS threads that are gone. And how a hub knows that it is in a child that nobody prepared.

#pragma once

#include <sys/types.h>

#include <cstdint>

#include <tendril/detail/list.hpp>

namespace tendril::detail {

// Registered while it lives; any OS thread.
class AtFork : private ListNode {
public:
    AtFork(const AtFork&) = delete;
    AtFork& operator=(const AtFork&) = delete;

    virtual void before() noexcept = 0;     // takes the mutexes
    virtual void in_parent() noexcept = 0;  // gives them back
    virtual void in_child() noexcept = 0;   // the same, and forgets what is gone

protected:
    AtFork();
    ~AtFork();

private:
    friend class List<AtFork>;
    friend pid_t fork_process();
};

// fork(2) with all that. Returns: as fork(2), or -errno.
pid_t fork_process();

// Raised in the child of every fork(2), by whoever it was called, also without us. Starts at 0.
std::uint64_t fork_generation() noexcept;
void count_forks();  // from now on; once is enough

}  // namespace tendril::detail
