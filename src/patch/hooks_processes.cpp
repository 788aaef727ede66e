// SPDX-License-Identifier: MIT
//
// The hooks of processes and of files' locks and write-back. vfork(2) has none: its child returns into the caller's
// frame, and what it calls there are plain calls (may_park()). posix_spawn(3) blocks for no longer than the exec.

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <new>
#include <optional>

#include <tendril/fd.hpp>

#include "base/libc.hpp"
#include "patch/child_wait.hpp"
#include "patch/file_locks.hpp"
#include "patch/hooks.hpp"
#include "patch/offload.hpp"
#include "patch/real_calls.hpp"
#include "patch/shell_command.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;

namespace {

// As tendril::fork(): the child's hub has only the calling green thread.
pid_t fork_here() noexcept {
    if (!may_park()) {
        return libc.fork();
    }
    const pid_t pid = tendril::detail::here::fork();
    if (pid < 0) {
        errno = -pid;
        return -1;
    }
    return pid;
}

// As the C library's, which calls its own fork(): the hub of the child would not know of that.
int become_daemon(int keeps_folder, int keeps_streams) noexcept {
    if (!may_park()) {
        return real.daemon(keeps_folder, keeps_streams);
    }
    const pid_t pid = fork_here();
    if (pid < 0) {
        return -1;
    }
    if (pid != 0) {
        ::_exit(0);
    }
    if (::setsid() < 0) {
        return -1;
    }
    if (keeps_folder == 0) {
        (void)!::chdir("/");
    }
    if (keeps_streams == 0) {
        const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
        if (!null) {
            return -1;
        }
        for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
            libc.dup2(null.get(), stream);
        }
    }
    return 0;
}

// One that is broken off goes on in the pool; should the number be used again before it begins, another file is written
// back, too.
int write_back(const char* what, int fd, int (*call)(int)) noexcept {
    if (!may_park()) {
        return call(fd);
    }
    try {
        const std::optional<int> error = offload_unthrown(what, [=] { return call(fd) == 0 ? 0 : errno; });
        if (!error) {
            return canceled();
        }
        if (*error == 0) {
            return 0;
        }
        errno = *error;
        return -1;
    } catch (const std::bad_alloc&) {
        return call(fd);
    }
}

int sync_file(int fd) noexcept {
    return write_back("fsync", fd, libc.fsync);
}

int sync_data(int fd) noexcept {
    return write_back("fdatasync", fd, real.fdatasync);
}

}  // namespace

Hooks process_hooks() noexcept {
    static const std::array hooks{
        Hook("wait", Class::processes, &wait_any),        Hook("waitpid", Class::processes, &wait_child),
        Hook("wait3", Class::processes, &wait_usage_any), Hook("wait4", Class::processes, &wait_usage),
        Hook("waitid", Class::processes, &wait_info),     Hook("system", Class::processes, &run_command),
        Hook("popen", Class::processes, &open_command),   Hook("pclose", Class::processes, &close_command),
        Hook("fork", Class::processes, &fork_here),       Hook("daemon", Class::processes, &become_daemon),
        Hook("flock", Class::processes, &lock_file),      Hook("lockf", Class::processes, &lock_section),
        Hook("lockf64", Class::processes, &lock_section), Hook("fsync", Class::processes, &sync_file),
        Hook("fdatasync", Class::processes, &sync_data),
    };
    return hooks;
}

}  // namespace tendril::patch::detail
