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
// called fork(), it returns from main() as usual. The child of a ThreadPool's job ends with the job.
//
// Buffered output (of stdio or iostreams) is then in both processes: flush it before, or it may be written twice.
//
// Permits, items, slots of Pools and Locks that were handed to a green thread that had not yet run to take them go back
// in the child. Locks, permits and Leases that a green thread holds which stays behind stay held in the child without
// end. The item that a Channel handed over is lost.
//
// fork() waits until no OS thread is inside one of this library's short critical sections. So the child can use Shared
// objects; green threads of other OS threads that waited for them are gone. fork(2) itself waits in the same way, but
// is meant for calling exec after it: a hub refuses to wait in such a child, until it has called reinit(). Example:
// examples/fork.cpp

#pragma once

#include <sys/types.h>

namespace tendril {

// Does not yield. Returns: the child's process number in the parent, 0 in the child.
// Throws: std::system_error (EAGAIN, ENOMEM), no child was made; HubBlocked in a callback of the hub.
pid_t fork();

// Goes on in the child of a fork that tendril did not make: daemon(3), or a C library's fork(2) that returns in the
// child. Call it in the child, in the green thread that forked, before anything else of tendril:
//
//     if (::daemon(0, 0) != 0) { ... }
//     tendril::reinit();                       // from here on as in the child of tendril::fork()
//
// Everything said above about the child then holds: only the calling green thread is in its hub, its Timeouts hold,
// Fork watchers run, descriptors that were open are. Without need, and so harmless: in the parent, a second time, in
// the child of tendril::fork(), and where no hub was made before the fork (daemon(3) as main()'s first act), since the
// child's first wait then makes a fresh one.
//
// If the calling green thread has let others run in the child before this (any call of tendril that yields), these have
// run in both processes. A handler of the blocking watch that was running in the moment of the fork may have left a
// lock of the C library held; tendril::fork() waits for it, another's fork does not. The child of vfork(2) must not
// call this.
//
// Throws: HubBlocked in a callback of the hub; std::bad_alloc; nothing has happened then. Ends the process if the
// system refuses the descriptors of a new hub. Lets the Fork watchers run, no interrupt is thrown meanwhile.
void reinit();

}  // namespace tendril
