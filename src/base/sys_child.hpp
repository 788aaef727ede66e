// SPDX-License-Identifier: MIT
//
// Starts a program in a child that first changes what posix_spawn(3) cannot change: its user, its umask, its terminal.
//
// 1. Other OS threads may have held locks when the child was made. So it makes system calls only, allocates nothing,
//    and no handler of pthread_atfork(3) runs in it.
// 2. Usually it shares our memory, as vfork(2)'s does, and the calling OS thread sleeps until exec. One that takes
//    another user's rights, or runs the user's code, is a copy: it must not be able to write to our memory. Copying the
//    page tables takes the longer the more memory we have. With sanitizers it always is one.
// 3. All signals are blocked around the fork, and the child removes all handlers before it unblocks them. So no handler
//    of this process ever runs there.
// 4. The child reports its first failure by a pipe that exec closes; start_child() reaps it then.

#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>

namespace tendril::sys {

// What the child does, in this order.
enum class ChildStep : unsigned char {
    fork,
    session,
    group,
    terminal,
    streams,
    pass,
    folder,
    mask,
    extra_groups,
    group_id,
    user_id,
    own_code,
    close,
    exec,
};

// Everything is prepared by the parent. Pointers that are nullptr leave that step out.
struct ChildPlan {
    const char* const* files = nullptr;  // the program's possible paths, ended by nullptr; tried as execvp() does
    char* const* argv = nullptr;
    char* const* env = nullptr;
    const char* folder = nullptr;
    bool new_session = false;
    const pid_t* process_group = nullptr;
    int terminal = -1;  // becomes the controlling one. Requires: new_session
    // Where 0, 1 and 2 lead: -1: as ours, -2: to /dev/null, -3: where 1 leads. Requires: none but its own below 3.
    std::array<int, 3> streams{-1, -1, -1};
    const int* passed = nullptr;  // stay open, in ascending order
    std::size_t passed_count = 0;
    bool close_others = true;
    const mode_t* umask = nullptr;
    const gid_t* extra_groups = nullptr;
    std::size_t extra_group_count = 0;
    const gid_t* group = nullptr;
    const uid_t* user = nullptr;
    bool restore_signals = true;  // else those that are ignored stay so, and those that are blocked here stay blocked
    int (*own_code)(void*) = nullptr;  // returns 0 or an errno
    void* own_context = nullptr;
};

// Holds up the calling OS thread until the child has begun the program. Returns: its pid; -errno, `failed` is then the
// step that failed, and no child is left.
pid_t start_child(const ChildPlan& plan, ChildStep& failed) noexcept;

// Pseudo-terminals, pty(7). The slave's descriptor is opened by the master's, so that no path is needed.
int open_terminal_master() noexcept;  // non-blocking, unlocked; closed on exec
int open_terminal_slave(int master) noexcept;
int set_terminal_size(int fd, unsigned short columns, unsigned short rows) noexcept;
int terminal_size(int fd, unsigned short& columns, unsigned short& rows) noexcept;
int take_terminal(int slave) noexcept;  // a new session, whose controlling terminal it becomes; also 0, 1 and 2
int end_of_input_character(int master) noexcept;  // what ends a line-wise reader's input, by default Ctrl-D. 0: none

}  // namespace tendril::sys
