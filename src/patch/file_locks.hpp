// SPDX-License-Identifier: MIT
//
// Waiting for locks of files. The system reports no release, and an OS thread that waited for one could take it after
// its caller has given up: so they are tried again with back-off, at least every 20 ms. The order of waiters is not
// kept, and a deadlock of record locks, which the system finds only for those that wait inside it, is not EDEADLK.

#pragma once

#include <fcntl.h>
#include <sys/types.h>

namespace tendril::patch::detail {

// The hooks of flock(2) and lockf(3).
int lock_file(int fd, int operation) noexcept;
int lock_section(int fd, int command, off_t length) noexcept;

// For the hook of fcntl(2): F_SETLKW and F_OFD_SETLKW. Returns and errno as fcntl(2).
int lock_record(int fd, int command, struct flock* lock) noexcept;

}  // namespace tendril::patch::detail
