// SPDX-License-Identifier: MIT
//
// The hooks of system(3), popen(3) and pclose(3). The C library's own hide the child's number, for whose end ours park.
//
// While any system() runs, the process ignores SIGINT and SIGQUIT, as POSIX says. A green thread's does not block
// SIGCHLD, which the others of its OS thread may need: a handler of it that waits for any child may then take the
// result, as it may from another OS thread's system() in the C library.
//
// A system() whose wait is interrupted kills the shell; a pclose() leaves it to the hub, which reaps it when it ends.

#pragma once

#include <cstdio>

namespace tendril::patch::detail {

int run_command(const char* command) noexcept;
FILE* open_command(const char* command, const char* mode) noexcept;
int close_command(FILE* stream) noexcept;

}  // namespace tendril::patch::detail
