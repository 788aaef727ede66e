// SPDX-License-Identifier: MIT
//
// The fork gate: keeps fork() out of critical sections, and critical sections out of fork().
//
// Locking a Mutex enters a section, and so does a NoFork. Every fork(), tendril's or not, closes the gate and waits
// until no OS thread is in a section; sections that begin later wait at the gate until the fork is done. So fork() need
// not take locks in any order, and a lock need not be listed anywhere to be free in the child. One fork at a time. If
// the forking OS thread is itself in a section (a fork() while an item is moved, or in a signal handler), the gate
// stays open: it would wait for its own caller.
//
// Cost: some loads and stores for an outermost section where the kernel has membarrier(2), which fork() then calls; two
// uncontended atomic additions elsewhere, and in the OS threads beyond the 64th. Nothing for a section inside another.

#pragma once

namespace tendril::detail {

namespace fork_gate {

// For this OS thread; sections nest.
void enter() noexcept;
void leave() noexcept;

bool is_closed() noexcept;  // a fork() is in progress, or waits for sections to end

}  // namespace fork_gate

// A section without a lock: for a hub's changes to data that the child of another OS thread's fork() reads.
class NoFork {
public:
    NoFork() noexcept { fork_gate::enter(); }
    NoFork(const NoFork&) = delete;
    NoFork& operator=(const NoFork&) = delete;
    ~NoFork() { fork_gate::leave(); }
};

}  // namespace tendril::detail
