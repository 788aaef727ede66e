// SPDX-License-Identifier: MIT
// Floor: process
//
// fork(): makes a child process, which continues in the green thread that called.
//
// The child's hub is fresh, and only the calling green thread is in it. All others stay behind with the parent: in the
// child they never run again and are not unwound; their handles, Groups and Pools see them as killed. The same holds
// for results of offload() that had not come back. A ThreadPool makes new OS threads in the child when it needs them.
// Sockets and other descriptors are open in both processes. Timeouts of the calling green thread hold in both. Watchers
// are stopped in the child (start() makes them active again), and signals have the effect there that they had before
// they were watched. Fork watchers run there before fork() returns.
//
// When the calling green thread ends in the child, the child ends too, as by exit(0); the green threads that it spawned
// are killed first. An error that it does not catch is reported, and the exit status is 1. If the main green thread
// called fork(), it returns from main() as usual.
//
// Buffered output (of stdio or iostreams) is then in both processes: flush it before, or it may be written twice.
//
// Permits, items, slots of Pools and Locks that were handed to a green thread that had not yet run to take them go back
// in the child. Locks, permits and Leases that a green thread holds which stays behind stay held in the child without
// end. The item that a Channel handed over is lost.
//
// fork() waits until no OS thread is inside one of this library's short critical sections. So the child can use Shared
// objects; green threads of other OS threads that waited for them are gone. fork(2) itself waits in the same way, but
// is meant for calling exec after it: a hub refuses to wait in such a child. Example: examples/fork.cpp

#pragma once

#include <sys/types.h>

namespace tendril {

// Does not yield. Returns: the child's process number in the parent, 0 in the child.
// Throws: std::system_error (EAGAIN, ENOMEM), no child was made; HubBlocked in a callback of the hub.
pid_t fork();

}  // namespace tendril
