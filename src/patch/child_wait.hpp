// SPDX-License-Identifier: MIT
//
// The hooks of waitpid(2) and its kin.
//
// A wait for the end of one child parks on a pidfd. Of other waits (for any child, a group, a stop) the system tells
// nobody but the handler of SIGCHLD, which is the program's: they look with back-off, at least every 20 ms, and at once
// when a child ends that was there when the wait began to look.
//
// A wait that is broken off reaps nothing.

#pragma once

#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>

namespace tendril::patch::detail {

pid_t wait_any(int* status) noexcept;
pid_t wait_child(pid_t pid, int* status, int options) noexcept;
pid_t wait_usage_any(int* status, int options, rusage* usage) noexcept;
pid_t wait_usage(pid_t pid, int* status, int options, rusage* usage) noexcept;
int wait_info(idtype_t kind, id_t id, siginfo_t* info, int options) noexcept;

}  // namespace tendril::patch::detail
