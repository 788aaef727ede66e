// SPDX-License-Identifier: MIT
// Floor: process
//
// fork(): one more process, which goes on in the green thread that called.
//
// The child's hub is fresh. Only the calling green thread is in it; all others stay behind with the parent: in the
// child they never run again and are not unwound, and their handles, Groups and Pools see them as killed. So do results
// of offload() that had not come back. The child's threads of a ThreadPool are made anew when first needed. Sockets and
// other descriptors are open in both. Timeouts of the calling green thread hold in both. Watchers are stopped in the
// child (start() makes them active again), signals have the effect there that they had before they were watched; Fork
// watchers run there before fork() returns.
//
// When the calling green thread ends in the child, so does the child, as by exit(0): what it spawned is killed first.
// An error that it does not catch is reported, and the status is 1. Where the main green thread called, that returns
// from main() as ever.
//
// What lies in buffers (stdio's, iostreams') lies in both processes: flush before, or it may be written twice.
//
// What was handed to a green thread that had not run to take it goes back in the child: permits, items, slots of
// Pools, Locks. What a green thread that stays behind holds, it holds for ever there: Locks, permits, Leases. The item
// that a Channel handed over is lost.
//
// fork() waits until no OS thread is inside one of this library's short critical sections. So Shared objects can be
// used in the child; green threads of other OS threads that waited for them are gone. fork(2) itself does the same, and
// is for calling exec after it: a hub refuses to wait in such a child. Example: examples/fork.cpp

#pragma once

#include <sys/types.h>

namespace tendril {

// Returns: the child's process number in the parent, 0 in the child.
// Throws: std::system_error (EAGAIN, ENOMEM); HubBlocked in a callback of the hub.
pid_t fork();

}  // namespace tendril
