// SPDX-License-Identifier: MIT
// Floor: hub
//
// Snapshot: what a hub is doing, as data: its green threads, raw contexts, watchers, timers and waits for descriptors,
// and so what keeps it alive. For monitoring, for tests, for a page of a program's own; dump() writes the same as text.
//
//     for (const GreenletInfo& each : snapshot().greenlets) {
//         if (each.state == GreenletState::waits && each.waited > 10s) {
//             log(each.name, each.waits_in, each.where.file, each.where.line);
//         }
//     }
//
// snapshot_all() and dump_all() ask the hubs of all OS threads. Nothing is read from another hub while it runs: each
// answers for itself when it next looks at its mail (at its next turn). One that does not, because a green thread
// computes or its OS thread waits outside the hub, is listed without content; gdb and the blocking watch see into it.
// Example: examples/snapshot.cpp

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include <tendril/dump.hpp>
#include <tendril/duration.hpp>
#include <tendril/duration_histogram.hpp>
#include <tendril/hub.hpp>
#include <tendril/site.hpp>

namespace tendril {

// What a green thread does.
enum class GreenletState : std::uint8_t {
    waits_for_start,  // of spawn_after
    ready_to_begin,
    ready,
    runs,
    waits,
};

// What a green thread is.
enum class GreenletKind : std::uint8_t {
    spawned,
    main,  // the OS thread's own stack
    hub,   // the hub's own for callbacks
};

// A raw context (context.hpp) that has not ended.
struct ContextInfo {
    std::uint64_t id = 0;                // as a switch observer sees it
    std::uint64_t parent = 0;            // id of the context that made it, or of the green thread
    Site where;                          // where it was made
    bool started = false;                // its function has begun
    bool running = false;                // its green thread is inside it, or waits inside it
    std::size_t stack_size = 0;          // 0: it has not begun
    std::vector<void*> frames;           // as in GreenletInfo; of a running one the green thread has them
    std::vector<std::string> backtrace;  // of them; with SnapshotOptions::backtraces
};

// A green thread, as it was when the snapshot was made.
struct GreenletInfo {
    std::uint64_t id = 0;                        // its number in its hub
    std::uint64_t spawner = 0;                   // id of the green thread that spawned it; 0: none. It may have ended
    std::string name;                            // may be empty
    Site where;                                  // where it was spawned
    GreenletKind kind = GreenletKind::spawned;   // what it is
    GreenletState state = GreenletState::ready;  // what it does

    // While it waits:
    std::string waits_in;               // the call, "Queue::get"
    std::chrono::nanoseconds waited{};  // for how long; see dump.hpp
    std::uint64_t holder = 0;           // id of the green thread that holds what it waits for; 0: none, or unknown
    bool holder_took_last = false;      // not a lock: `holder` is the last to have taken a permit
    int descriptor = -1;                // the one that it waits for; -1: none
    bool writes = false;                // ... to be writable, and not readable
    Duration due = forever;             // when its time limit or its start comes, from now; forever: never

    bool daemon = false;                // its waits keep nothing alive: see background.hpp
    bool kill_pending = false;          // a kill is on its way
    std::uint32_t shields = 0;          // how many it is in: see shield.hpp
    std::size_t locals = 0;             // its Locals with a value
    std::size_t stack_size = 0;         // in bytes
    std::size_t stack_used = 0;         // now; 0: unknown, because a raw context runs
    std::vector<ContextInfo> contexts;  // raw ones that it has made

    // With SnapshotOptions::backtraces. The return addresses, and "function(arguments)+0x1c (program+0x234c)" for each;
    // innermost first, 64 at most. See DumpOptions::backtraces for those that have none.
    std::vector<void*> frames;
    std::vector<std::string> backtrace;

    // The same for the calls that spawned it, if they were noted: see spawn_stacks.hpp.
    std::vector<void*> spawn_frames;
    std::vector<std::string> spawn_backtrace;
};

// An active watcher, or an Async.
struct WatcherInfo {
    std::string kind;          // "Timer", "Io", "Async"
    std::string detail;        // what it watches: "descriptor 5, read", "in 1.250 s, every 2.000 s"
    Site where;                // where it was made
    bool keeps_alive = false;  // it keeps its hub alive
    bool pending = false;      // its callback is due
    int priority = 0;          // of its callback, as libev has it
};

// A timer: of a wait with a time limit, a Timeout, a watcher, spawn_after, or the library's own.
struct TimerInfo {
    std::chrono::nanoseconds due{};  // from now; negative: it has passed
    std::uint64_t greenlet = 0;      // whose it is; 0: a watcher's, or the library's
    bool keeps_alive = false;        // it keeps its hub alive
};

// A descriptor that the hub has open, or that a green thread or a watcher waits for.
struct DescriptorInfo {
    int fd = -1;               // its number
    bool owned = false;        // a socket of the library, which closes it
    std::uint64_t reader = 0;  // ids of the green threads that wait for it; 0: none does
    std::uint64_t writer = 0;  // id of the green thread that waits to write; 0: none
    std::size_t watchers = 0;  // Io watchers, select()s and the library's own
};

// A green thread that ran on without a switch.
struct LongStretch {
    std::chrono::nanoseconds took{};  // how long it ran
    std::uint64_t greenlet = 0;       // its id; 0: none was seen
    Site where;                       // where it was spawned
};

// How long green threads waited for their turn, and let others wait: see SnapshotOptions::scheduling.
struct SchedulingInfo {
    bool measured = false;              // now
    DurationHistogram run_queue_delay;  // from being ready to running, of samples taken one after another
    DurationHistogram stretches;        // from one switch to the next
    LongStretch longest;                // of all measured
    LongStretch recent;                 // of about the last ten seconds
};

// All of a hub, at one moment.
struct HubSnapshot {
    std::uint64_t os_thread = 0;  // serial number of the hub's OS thread, as in other messages
    int kernel_thread = 0;        // the same OS thread, as the kernel and debuggers number it
    bool answered = false;        // false: it computes, or its OS thread waits outside the hub; the rest is empty
    std::string backend;          // how it waits for events
    HubStats stats;               // its counts
    std::vector<GreenletInfo> greenlets;      // by id; the main one and the hub's own come first
    std::vector<WatcherInfo> watchers;        // in the order of their starts; then Asyncs
    std::vector<TimerInfo> timers;            // in no order
    std::vector<DescriptorInfo> descriptors;  // that are waited for
    std::size_t awaited_elsewhere = 0;        // waits for other OS threads: a ThreadPool job, a SharedQueue
    SchedulingInfo scheduling;                // its counts go on from one snapshot to the next
};

// What a snapshot is to have.
struct SnapshotOptions {
    bool backtraces = false;  // costs milliseconds for each program and library whose symbols are read
    std::uint64_t only = 0;   // with backtraces: only for the green thread with this id; 0: for all

    // Whether the hubs are to measure, from now on until this has not been asked for a minute. It costs nothing while
    // no one asks; then every switch reads the clock.
    bool scheduling = false;
};

// Takes one of this OS thread's hub. Never yields. Throws: std::bad_alloc. Cost: about a microsecond for each green
// thread.
HubSnapshot snapshot(SnapshotOptions options = {});

// Takes one of the hub of every OS thread, this one's first; waits for `patience` at most for the others' answers.
// Yields. Throws: Interrupt; HubBlocked in a callback; std::bad_alloc.
std::vector<HubSnapshot> snapshot_all(SnapshotOptions options = {}, Duration patience = std::chrono::milliseconds(200));

// Writes it as dump() does, with the backtraces that it has. Throws: what the stream throws; std::bad_alloc.
std::ostream& operator<<(std::ostream& out, const HubSnapshot& snapshot);

// Writes the dumps of all hubs (DumpOptions::only aside), each under a line that names its OS thread. Otherwise as
// snapshot_all().
void dump_all(std::ostream& out, DumpOptions options = {}, Duration patience = std::chrono::milliseconds(200));

}  // namespace tendril
