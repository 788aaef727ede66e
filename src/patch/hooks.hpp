// SPDX-License-Identifier: MIT
//
// The hooks of each area; each is defined in the file of that name.

#pragma once

#include <array>

#include "patch/hook.hpp"

namespace tendril::patch::detail {

Hooks read_hooks() noexcept;        // read, write, and their like for any descriptor
Hooks message_hooks() noexcept;     // recv, send, and their like for sockets
Hooks connect_hooks() noexcept;     // connect, accept
Hooks poll_hooks() noexcept;        // poll, select, epoll_wait
Hooks descriptor_hooks() noexcept;  // close, dup, fcntl, ioctl
Hooks stdio_hooks() noexcept;       // fgets, getline
Hooks sleep_hooks() noexcept;
Hooks name_hooks() noexcept;
Hooks process_hooks() noexcept;
Hooks mutex_hooks() noexcept;
Hooks condition_hooks() noexcept;
Hooks semaphore_hooks() noexcept;
Hooks rwlock_hooks() noexcept;
Hooks barrier_hooks() noexcept;  // and pthread_once, spin locks
Hooks futex_hooks() noexcept;
Hooks thread_hooks() noexcept;
Hooks thread_taker_hooks() noexcept;  // what takes a pthread_t
Hooks thread_exit_hooks() noexcept;   // pthread_exit, cleanup handlers
Hooks key_hooks() noexcept;
Hooks thread_local_hooks() noexcept;
Hooks signal_hooks() noexcept;
Hooks loader_hooks() noexcept;

// All of the above.
std::span<const Hooks> all_hooks() noexcept;

// Returns the hook for a symbol; nullptr: there is none. Cost: O(n) in the hooks.
const Hook* hook_for(const char* symbol) noexcept;

}  // namespace tendril::patch::detail
