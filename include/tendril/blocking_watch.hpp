// SPDX-License-Identifier: MIT
// Floor: hub
//
// The blocking watch: tells of green threads that hold their hub for too long, so that no other can run: a computation
// without a yield(), a call that blocks in the kernel. One OS thread watches all hubs of the process.
//
// On in debug builds, at 100 ms; off in release builds (of tendril itself, with NDEBUG). TENDRIL_BLOCKING_WATCH=<ms> in
// the environment says otherwise, 0 is off; set_blocking_watch() overrides both. Example: examples/blocking_watch.cpp
//
// It costs the switches nothing. To look into a hub that computes, and has shown no sign of life for half the
// threshold, it sends the hub's OS thread a realtime signal that the program does not use. A hub whose OS thread waits
// in a system call gets no signal, which would end sleep(3) or poll(2) early with EINTR: the report says then what the
// kernel says, with a backtrace that is not certain. (Where /proc/self/task or process_vm_readv(2) is not available, it
// gets one.) A hub that has no other green thread and no Async harms nobody, and is let be.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <tendril/duration.hpp>
#include <tendril/site.hpp>

namespace tendril {

struct BlockReport {
    std::uint64_t os_thread = 0;         // serial number of the hub's, as in other messages
    std::uint64_t greenlet = 0;          // id of the green thread that holds it
    std::string name;                    // its name, or the beginning of a long one
    Site where;                          // it was spawned; empty for the main one and the hub's own
    bool in_callback = false;            // it runs a callback of the hub: of a link, an Async, an error handler
    std::chrono::nanoseconds held{};     // so far, at least
    std::string call;                    // the system call that it waits in, by name; empty while it computes
    std::vector<std::string> backtrace;  // what it was doing, innermost first, as in a dump; while it waits in a
                                         // system call, some may be left over from calls that have returned
};

// Called from the watching OS thread, once for each incident, one at a time. Must not throw.
using BlockHandler = std::function<void(const BlockReport&)>;

// Reports what holds a hub for longer than the threshold, within twice that time; 0 or less turns the watch off. The
// handler is the default one where it is empty: it prints to standard error. From any OS thread, for the whole process.
// The handler before is not running any more when this returns, unless it is the one that called. Throws:
// std::system_error when the OS thread cannot be started, std::runtime_error when no realtime signal is free.
void set_blocking_watch(Duration threshold, BlockHandler handler = {});

}  // namespace tendril
