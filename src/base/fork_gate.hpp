// SPDX-License-Identifier: MIT
//
// The fork gate: keeps fork() out of critical sections, and critical sections out of fork().
//
// A section is entered by each Mutex that is locked, or by a NoFork. fork(), by whoever it is called, closes the gate
// and waits until no OS thread is in a section; what comes then waits at the gate until the fork is done. So there is
// no order in which fork() would have to take locks, and a lock need not be listed anywhere to be free in the child.
// One fork at a time. In an OS thread that is in a section itself (a fork() in the move of an item, or in a signal
// handler) the gate stays open: it would wait for its own caller.
//
// Cost: two uncontended atomic additions for an outermost section, nothing for one inside another.

#pragma once

namespace tendril::detail {

namespace fork_gate {

// Of this OS thread; sections nest.
void enter() noexcept;
void leave() noexcept;

bool is_closed() noexcept;  // a fork() is under way, or waits for sections to end

}  // namespace fork_gate

// A section without a lock: for the changes that a hub makes to what the child of another OS thread's fork() reads.
class NoFork {
public:
    NoFork() noexcept { fork_gate::enter(); }
    NoFork(const NoFork&) = delete;
    NoFork& operator=(const NoFork&) = delete;
    ~NoFork() { fork_gate::leave(); }
};

}  // namespace tendril::detail
