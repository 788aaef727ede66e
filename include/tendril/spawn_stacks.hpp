// SPDX-License-Identifier: MIT
// Floor: hub
//
// SpawnStacks: while it lives, each spawn in this OS thread's hub notes the calls that led to it (gevent's
// spawning_stack). Snapshots and dumps with backtraces then show them: for a program in which one helper spawns for
// all, so that the place of the spawn says little. Costs a microsecond or so for each spawn; without it, nothing.

#pragma once

#include <cstddef>
#include <memory>

namespace tendril {

class SpawnStacks {
public:
    // Notes at most that many calls for each, 64 at most, the innermost first; the first few are the library's own.
    // Throws: std::logic_error if this OS thread already has one; as Hub::current().
    explicit SpawnStacks(std::size_t most_calls = 24);
    SpawnStacks(const SpawnStacks&) = delete;
    SpawnStacks& operator=(const SpawnStacks&) = delete;
    ~SpawnStacks();  // Forgets them. Must run on the OS thread that made it.

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace tendril
