// SPDX-License-Identifier: MIT
//
// wait_for_semaphore(): the wait of the hook for sem_wait(3), for callers that can tell a kill from a success.

#pragma once

#include <semaphore.h>

#include <tendril/deadline.hpp>

namespace tendril::patch::detail {

// Suspends until there is a permit, and takes it. A kill or a Timeout ends the wait whatever never_break() says, and
// stays pending. Returns: 0, ETIMEDOUT, ECANCELED; EINTR: a handler of the program has run. Requires: may_park().
int wait_for_semaphore(sem_t* semaphore, Deadline deadline) noexcept;

}  // namespace tendril::patch::detail
