// SPDX-License-Identifier: MIT
// Floor: hub
//
// Events that the program reports itself: to the hub as if its backend had, or the system. For other libraries' signal
// handlers and loops, and for tests. A watcher's own callback is fed by Watcher::feed().

#pragma once

#include <tendril/watchers.hpp>

namespace tendril {

// Tells this OS thread's hub that a descriptor is ready: wakes the green threads that wait for it, which try again and
// wait on if it is not; runs Io watchers and ends select()s that want these events. Never waits.
// Returns: false if nothing in this hub waits for it. Throws: std::invalid_argument for other events than read, write
// and priority.
bool feed_fd_event(int fd, IoEvents events);

// Tells the watchers of this signal in all hubs that it has come, without the system's help: for a program that has a
// handler of its own. May be called from any OS thread, and in a signal handler. Does nothing where it is not watched.
// Returns: false for a number that is not a signal's.
bool feed_signal(int number) noexcept;

}  // namespace tendril
