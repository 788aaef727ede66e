// SPDX-License-Identifier: MIT
//
// ThreadOptions: what of a pthread_attr_t counts for a green thread. A stack of the program's own does not: only its
// size; nor do scheduling and affinity.

#pragma once

#include <pthread.h>
#include <signal.h>

#include <cstddef>

namespace tendril::patch::detail {

struct ThreadOptions {
    std::size_t stack_size;  // within the bounds of spawn()
    bool detached = false;
    bool has_mask = false;
    sigset_t mask{};
};

// nullptr: the C library's default attributes.
ThreadOptions thread_options(const pthread_attr_t* attributes) noexcept;

// The signals that the calling OS thread blocks.
sigset_t mask_of_os_thread() noexcept;

}  // namespace tendril::patch::detail
