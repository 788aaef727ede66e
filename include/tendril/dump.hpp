// SPDX-License-Identifier: MIT
// Floor: hub
//
// dump(): writes what every green thread of this OS thread is doing, for people to read. Example: examples/dump.cpp
//
// A tree by spawner, with one line for each green thread:
//
//     green thread 1 waits in join, the main one; for 1.2 s; stack 0.9 of 8192 KiB
//       green thread 2 "worker" waits in Queue::get, spawned at main.cpp:12 by 1; for 1.2 s; stack 1.1 of 238 KiB
//         #0 Worker::next()+0x5d (./program+0x2f3d)
//         ...
//     green thread 7 has ended, and had spawned:
//       green thread 8 is ready, spawned at main.cpp:31 by 7; stack 0.8 of 238 KiB
//
// The length of a wait counts from the hub's last look at the clock before it. The hub looks at every poll, and at
// least every 256 switches, so the figure is too long by what green threads computed in between. The stack figure is
// what is in use now, not the most that ever was. The text is not for programs: it may change with every version.

#pragma once

#include <cstdint>
#include <iosfwd>

namespace tendril {

// Options of dump().
struct DumpOptions {
    // Whether to add the calls in which each suspended green thread stopped, innermost first; from a stripped program,
    // addresses for `addr2line -Cfe` instead of names. The running one has none, nor one that has not begun, nor any if
    // tendril was built with Boost.Context. Reads the symbol tables of the program and its libraries from their files.
    bool backtraces = true;

    std::uint64_t only = 0;  // only the green thread with this id(); 0: all
};

// Writes the dump of this OS thread's hub.
// Throws: std::bad_alloc, and what the stream throws. Cost: some microseconds for each green thread and, with
// backtraces, some milliseconds for each file whose symbols are read.
void dump(std::ostream& out, DumpOptions options = {});

}  // namespace tendril
