// SPDX-License-Identifier: MIT

#include "patch/shell_command.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <stdio_ext.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <new>
#include <string>
#include <unordered_map>

#include <tendril/detail/base/mutex.hpp>
#include <tendril/fd.hpp>

#include "base/libc.hpp"
#include "base/sys.hpp"
#include "patch/child_wait.hpp"
#include "patch/green.hpp"
#include "patch/real_calls.hpp"
#include "process/orphans.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;
using tendril::detail::Mutex;
using tendril::detail::MutexLock;
using tendril::detail::Rank;

namespace {

constexpr int could_not_run = 127 << 8;  // the status of a shell that could not be started

constinit Mutex mutex(Rank::patches);

// How many system() run, and what they have replaced.
int ignoring TENDRIL_GUARDED_BY(mutex) = 0;
struct sigaction before_interrupt TENDRIL_GUARDED_BY(mutex);
struct sigaction before_quit TENDRIL_GUARDED_BY(mutex);

// Ignores SIGINT and SIGQUIT while it lives; says which of them a child must not ignore.
class Ignored {
public:
    Ignored() noexcept {
        const MutexLock lock(mutex);
        if (ignoring++ == 0) {
            struct sigaction ignored {};
            ignored.sa_handler = SIG_IGN;
            libc.sigaction(SIGINT, &ignored, &before_interrupt);
            libc.sigaction(SIGQUIT, &ignored, &before_quit);
        }
        ::sigemptyset(&heeded_);
        add_heeded(SIGINT, before_interrupt);
        add_heeded(SIGQUIT, before_quit);
    }
    Ignored(const Ignored&) = delete;
    Ignored& operator=(const Ignored&) = delete;
    ~Ignored() {
        const MutexLock lock(mutex);
        if (--ignoring == 0) {
            libc.sigaction(SIGINT, &before_interrupt, nullptr);
            libc.sigaction(SIGQUIT, &before_quit, nullptr);
        }
    }
    const sigset_t& heeded() const noexcept { return heeded_; }

private:
    void add_heeded(int number, const struct sigaction& before) noexcept {
        if (before.sa_handler != SIG_IGN) {
            ::sigaddset(&heeded_, number);
        }
    }
    sigset_t heeded_;
};

// Starts "sh -c command". Returns: 0, or an errno.
int start_shell(pid_t& pid, const char* command, const posix_spawn_file_actions_t* actions,
                const posix_spawnattr_t* attributes) noexcept {
    const char* const argv[] = {"sh", "-c", "--", command, nullptr};
    return ::posix_spawn(&pid, "/bin/sh", actions, attributes, const_cast<char* const*>(argv), environ);
}

// Blocks SIGCHLD in an OS thread that system() blocks.
class ChildSignalBlocked {
public:
    explicit ChildSignalBlocked(bool block) noexcept : blocks_(block) {
        sigset_t set;
        ::sigemptyset(&set);
        if (block) {
            ::sigaddset(&set, SIGCHLD);
        }
        libc.pthread_sigmask(SIG_BLOCK, &set, &before_);
    }
    ChildSignalBlocked(const ChildSignalBlocked&) = delete;
    ChildSignalBlocked& operator=(const ChildSignalBlocked&) = delete;
    ~ChildSignalBlocked() {
        if (blocks_ && ::sigismember(&before_, SIGCHLD) == 0) {
            sigset_t set;
            ::sigemptyset(&set);
            ::sigaddset(&set, SIGCHLD);
            libc.pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
        }
    }
    const sigset_t& before() const noexcept { return before_; }

private:
    const bool blocks_;
    sigset_t before_;
};

int start_heeding(pid_t& pid, const char* command, const sigset_t& heeded, const sigset_t& mask) noexcept {
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setsigdefault(&attributes, &heeded);
    ::posix_spawnattr_setsigmask(&attributes, &mask);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    const int error = start_shell(pid, command, nullptr, &attributes);
    ::posix_spawnattr_destroy(&attributes);
    return error;
}

// The wait of system() and pclose(), which no handler breaks off. Returns: the status, or -1 with errno.
int await_status(pid_t pid) noexcept {
    int status = 0;
    pid_t r = 0;
    do {
        r = wait_child(pid, &status, 0);
    } while (r < 0 && errno == EINTR);
    return r < 0 ? -1 : status;
}

// The children of popen(), by their streams.
using Streams = std::unordered_map<FILE*, pid_t>;
Streams& streams() noexcept TENDRIL_REQUIRES(mutex) {
    alignas(Streams) static std::byte memory[sizeof(Streams)];  // never destroyed
    static Streams* all = nullptr;
    if (all == nullptr) {
        all = ::new (static_cast<void*>(memory)) Streams;
    }
    return *all;
}

// The stream's child, which is then forgotten. Returns: 0 if there is none.
pid_t take(FILE* stream) noexcept {
    const MutexLock lock(mutex);
    const auto node = streams().extract(stream);
    return node ? node.mapped() : 0;
}

struct Mode {
    bool reads = false;
    bool writes = false;
    bool closed_on_exec = false;
    bool valid = true;

    explicit Mode(const char* text) noexcept {
        for (; *text != 0; ++text) {
            reads = reads || *text == 'r';
            writes = writes || *text == 'w';
            closed_on_exec = closed_on_exec || *text == 'e';
            valid = valid && (*text == 'r' || *text == 'w' || *text == 'e');
        }
        valid = valid && reads != writes;
    }
};

// Starts the shell with `theirs` in the place of its standard output or input, and without the streams of other
// popen()s, as POSIX says.
int start_on_pipe(pid_t& pid, const char* command, int theirs, int place) {
    struct Actions {
        posix_spawn_file_actions_t list;
        Actions() { ::posix_spawn_file_actions_init(&list); }
        Actions(const Actions&) = delete;
        Actions& operator=(const Actions&) = delete;
        ~Actions() { ::posix_spawn_file_actions_destroy(&list); }
    } actions;
    {
        const MutexLock lock(mutex);
        for (const auto& [stream, child] : streams()) {
            if (const int fd = ::fileno_unlocked(stream); fd != place) {
                ::posix_spawn_file_actions_addclose(&actions.list, fd);
            }
        }
    }
    ::posix_spawn_file_actions_adddup2(&actions.list, theirs, place);
    return start_shell(pid, command, &actions.list, nullptr);
}

FILE* open_pipe(const char* command, Mode mode) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        return nullptr;
    }
    Fd ours(ends[mode.reads ? 0 : 1]);
    const Fd theirs(ends[mode.reads ? 1 : 0]);
    auto stream = std::unique_ptr<FILE, int (*)(FILE*)>(::fdopen(ours.get(), mode.reads ? "r" : "w"), &::fclose);
    if (stream == nullptr) {
        return nullptr;
    }
    (void)ours.release();
    pid_t pid = 0;
    if (const int error = start_on_pipe(pid, command, theirs.get(), mode.reads ? 1 : 0); error != 0) {
        stream.reset();
        errno = error;
        return nullptr;
    }
    if (!mode.closed_on_exec) {
        libc.fcntl(::fileno(stream.get()), F_SETFD, 0);
    }
    const MutexLock lock(mutex);
    streams()[stream.get()] = pid;
    return stream.release();
}

// The child of a pclose() that was broken off.
void leave_to_hub(pid_t pid) noexcept {
    try {
        auto child = std::make_unique<tendril::detail::ChildProcess>();
        child->adopt(pid, "pclose");
        tendril::detail::adopt_orphan(std::move(child));
    } catch (const std::exception&) {
        // no descriptor or memory for it: it stays a zombie when it has ended
    }
}

// So that fclose() need not wait for the reader: a pipe that has room at all has it for the stream's buffer.
void await_room(FILE* stream) noexcept {
    if (::__fpending(stream) != 0 && may_park()) {
        await_descriptor(::fileno(stream), events::write, never);
    }
}

}  // namespace

int run_command(const char* command) noexcept {
    if (command == nullptr) {
        return sys::access("/bin/sh", X_OK) == 0 ? 1 : 0;
    }
    const bool green = may_park();
    const ChildSignalBlocked blocked(!green);
    const Ignored ignored;
    pid_t pid = 0;
    if (const int error = start_heeding(pid, command, ignored.heeded(), blocked.before()); error != 0) {
        errno = error;
        return could_not_run;
    }
    const int status = await_status(pid);
    if (status == -1 && errno == ECANCELED) {
        sys::kill(pid, SIGKILL);
        real.wait4(pid, nullptr, 0, nullptr);
        errno = ECANCELED;
    }
    return status;
}

FILE* open_command(const char* command, const char* mode) noexcept {
    const Mode wanted(mode);
    if (!wanted.valid) {
        errno = EINVAL;
        return nullptr;
    }
    try {
        return open_pipe(command, wanted);
    } catch (const std::bad_alloc&) {
        errno = ENOMEM;
        return nullptr;
    }
}

int close_command(FILE* stream) noexcept {
    const pid_t pid = take(stream);
    if (pid == 0) {
        return real.pclose(stream);  // it was opened before there was a patch
    }
    await_room(stream);
    std::unique_ptr<FILE, int (*)(FILE*)>(stream, &::fclose).reset();
    const int status = await_status(pid);
    if (status == -1 && errno == ECANCELED) {
        leave_to_hub(pid);
        errno = ECANCELED;
    }
    return status;
}

}  // namespace tendril::patch::detail
