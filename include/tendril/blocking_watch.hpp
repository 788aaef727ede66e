// SPDX-License-Identifier: MIT
// Floor: hub
//
// The blocking watch: reports green threads that hold their hub for too long, so that no other can run: by a
// computation without a yield(), or a call that blocks in the kernel. One OS thread watches all hubs of the process.
//
// On in debug builds, at 100 ms; off in release builds (of tendril itself, with NDEBUG). TENDRIL_BLOCKING_WATCH=<ms> in
// the environment overrides that, 0 turns it off; set_blocking_watch() overrides both. Example:
// examples/blocking_watch.cpp
//
// It costs the switches nothing. To look into a hub that computes, and has shown no sign of life for half the
// threshold, it sends the hub's OS thread a realtime signal that the program does not use. If the hub's OS thread waits
// in a system call, it sends no signal, which would end sleep(3) or poll(2) early with EINTR: the report is then made
// from what the kernel says, and its backtrace is not certain. (Where /proc/self/task or process_vm_readv(2) is not
// available, it does send one.) A hub that has no other green thread and no Async blocks nothing, and is not reported.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <tendril/duration.hpp>
#include <tendril/site.hpp>

namespace tendril {

namespace detail {
class BlockingWatch;
class Heartbeat;
}  // namespace detail

// One incident: a green thread has held its hub for longer than the threshold.
struct BlockReport {
    std::uint64_t os_thread = 0;         // serial number of the hub's OS thread, as in other messages
    std::uint64_t greenlet = 0;          // id of the green thread that holds it
    std::string name;                    // its name, or the beginning of a long one
    Site where;                          // where it was spawned; empty for the main one and the hub's own
    bool in_callback = false;            // it runs a callback of the hub: of a link, an Async, an error handler
    std::chrono::nanoseconds held{};     // so far, at least
    std::string call;                    // the system call that it waits in, by name; empty while it computes
    std::vector<std::string> backtrace;  // its calls, innermost first, as in a dump; while it waits in a system
                                         // call, some may be left over from calls that have returned
};

// Called on the watching OS thread, once for each incident, one at a time. Must not throw.
using BlockHandler = std::function<void(const BlockReport&)>;

// While it lives, the green thread that made it may hold its hub unreported: for a place that is known to block, such
// as the start of a program. Other green threads are still watched; AssertSwitches does not care. May lie around waits,
// and be nested. Must be destroyed on the same OS thread.
class BlockingAllowed {
public:
    // From `at_most` after this on, it is reported as ever.
    explicit BlockingAllowed(Duration at_most = forever);
    BlockingAllowed(const BlockingAllowed&) = delete;
    BlockingAllowed& operator=(const BlockingAllowed&) = delete;
    ~BlockingAllowed();

private:
    friend class detail::Heartbeat;
    friend class detail::BlockingWatch;
    std::uint64_t greenlet_;
    std::int64_t until_ns_;
    BlockingAllowed* next_;  // of the same hub
};

// Sets the threshold and the handler, for the whole process. A green thread that holds a hub for longer than the
// threshold is reported within twice that time; 0 turns the watch off. An empty handler is the default one, which
// prints to standard error. May be called from any OS thread. When it returns, the previous handler is not running,
// unless that is the caller.
// Throws: std::system_error if the watching OS thread cannot be started; std::runtime_error if no realtime signal is
// free.
void set_blocking_watch(Duration threshold, BlockHandler handler = {});

}  // namespace tendril
