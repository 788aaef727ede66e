// SPDX-License-Identifier: MIT
// Floor: hub
//
// The trace recorder: keeps the last spawns, switches, waits and wake-ups of hubs, with their times, and writes them as
// trace events, which https://ui.perfetto.dev and chrome://tracing show: a line for each green thread, with its name,
// where it was spawned, and in which calls it waited.
//
// For a program as it is: TENDRIL_TRACE=FILE in its environment records all hubs from their beginning, and writes FILE
// when the process ends by returning from main() or by exit(). "%p" in the name becomes the process's number; without
// it, the child of a fork() writes nothing. TENDRIL_TRACE_SIGNAL=USR2 writes it whenever that signal comes, too, for a
// process that is to go on or will be killed. TENDRIL_TRACE_EVENTS=N keeps N events of each hub (65536; 40 bytes each).
//
// Recording costs each switch 100 to 150 ns. A trace names calls and places in the program, but
// nothing of the data that it works on.

#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>

namespace tendril {

// Begins to record this OS thread's hub, and those made from now on, the last `events` events of each. Does nothing for
// a hub that is already recorded. Any OS thread. Throws: std::bad_alloc; std::invalid_argument for 0 events.
void record_trace(std::size_t events = 65536);

// Ends that for this OS thread's hub, and for those made from now on. What was recorded stays.
void stop_trace();

// Writes what was recorded, also of hubs that have ended: of the last 64 of these. Any OS thread.
// Throws: std::bad_alloc; what the stream throws.
void write_trace(std::ostream& out);

// Writes it into a file: first into another one, which then takes its place. Any OS thread.
// Throws: std::bad_alloc; std::system_error.
void write_trace(const std::string& file);

}  // namespace tendril
