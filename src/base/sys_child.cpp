// SPDX-License-Identifier: MIT

#include "base/sys_child.hpp"

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <cstdlib>

#include "base/fork_gate.hpp"
#include "base/sanitizers.hpp"
#include "base/sys.hpp"

namespace tendril::sys {

namespace {

// Bare system calls: sanitizers put code that takes locks in front of the C library's functions.
template <class... Args>
long bare(long number, Args... args) noexcept {
    const long r = libc.syscall(number, args...);
    return r < 0 ? -errno : r;
}

// Written into the pipe.
struct Failure {
    ChildStep step;
    int error;
};

void reset_handlers(bool ignored_too) noexcept {
    for (int number = 1; number < NSIG; ++number) {
        struct sigaction now {};
        if (libc.sigaction(number, nullptr, &now) != 0) {
            continue;  // one of the C library's own
        }
        const bool ignored = now.sa_handler == SIG_IGN;
        const bool restored = ignored && ignored_too && (number == SIGPIPE || number == SIGXFSZ || number == SIGCHLD);
        if (restored || (!ignored && now.sa_handler != SIG_DFL)) {
            struct sigaction initial {};
            initial.sa_handler = SIG_DFL;
            libc.sigaction(number, &initial, nullptr);
        }
    }
}

long stay_open(int fd) noexcept {
    return bare(SYS_fcntl, fd, F_SETFD, 0);
}

long lead_stream(int place, int source) noexcept {
    if (source == -1) {
        return 0;
    }
    if (source == place) {
        return stay_open(place);
    }
    if (source == -2) {
        const long null = bare(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
        if (null < 0 || null == place) {
            return null < 0 ? null : stay_open(place);
        }
        const long r = bare(SYS_dup3, static_cast<int>(null), place, 0);
        bare(SYS_close, static_cast<int>(null));
        return r;
    }
    return bare(SYS_dup3, source == -3 ? 1 : source, place, 0);
}

long close_between(int first, int last) noexcept {
    if (first > last) {
        return 0;
    }
    const long r = bare(SYS_close_range, static_cast<unsigned>(first), static_cast<unsigned>(last), 0U);
    if (r != -ENOSYS && r != -EPERM) {
        return r;
    }
    if (last == INT32_MAX) {
        libc.closefrom(first);  // reads /proc/self/fd without allocating
        return 0;
    }
    for (int fd = first; fd <= last; ++fd) {
        bare(SYS_close, fd);
    }
    return 0;
}

// The report's pipe stays: exec closes it.
long close_others(const ChildPlan& plan, int report) noexcept {
    int from = 3;
    bool reported = false;
    for (std::size_t i = 0; i < plan.passed_count || !reported;) {
        const bool next_is_report = !reported && (i == plan.passed_count || report < plan.passed[i]);
        const int kept = next_is_report ? report : plan.passed[i];
        reported = reported || next_is_report;
        i += next_is_report ? 0 : 1;
        if (const long r = close_between(from, kept - 1); r < 0) {
            return r;
        }
        from = kept >= from ? kept + 1 : from;
    }
    return close_between(from, INT32_MAX);
}

long pass(const ChildPlan& plan) noexcept {
    for (std::size_t i = 0; i < plan.passed_count; ++i) {
        if (const long r = stay_open(plan.passed[i]); r < 0) {
            return r;
        }
    }
    return 0;
}

// As execvp(): after a file that does not exist, or that may not be run, comes the next.
long run(const ChildPlan& plan) noexcept {
    long error = -ENOENT;
    for (const char* const* file = plan.files; *file != nullptr; ++file) {
        const long r = bare(SYS_execve, *file, plan.argv, plan.env);
        if (r != -EACCES && r != -ENOENT && r != -ENOTDIR) {
            return r;
        }
        error = r == -EACCES ? r : error;
    }
    return error;
}

long in_order(const ChildPlan& plan, ChildStep& step, int report) noexcept {
    long r = 0;
    const auto at = [&](ChildStep next) {
        step = next;
        return r >= 0;
    };
    if (at(ChildStep::session) && plan.new_session) {
        r = bare(SYS_setsid);
    }
    if (r >= 0 && at(ChildStep::group) && plan.process_group != nullptr) {
        r = bare(SYS_setpgid, 0, *plan.process_group);
    }
    if (r >= 0 && at(ChildStep::terminal) && plan.terminal >= 0) {
        r = bare(SYS_ioctl, plan.terminal, TIOCSCTTY, 0);
    }
    for (int place = 0; r >= 0 && at(ChildStep::streams) && place < 3; ++place) {
        r = lead_stream(place, plan.streams[static_cast<std::size_t>(place)]);
    }
    if (r >= 0 && at(ChildStep::pass)) {
        r = pass(plan);
    }
    if (r >= 0 && at(ChildStep::folder) && plan.folder != nullptr) {
        r = bare(SYS_chdir, plan.folder);
    }
    if (r >= 0 && at(ChildStep::mask) && plan.umask != nullptr) {
        bare(SYS_umask, *plan.umask);
    }
    if (r >= 0 && at(ChildStep::extra_groups) && plan.extra_groups != nullptr) {
        r = bare(SYS_setgroups, plan.extra_group_count, plan.extra_groups);
    }
    if (r >= 0 && at(ChildStep::group_id) && plan.group != nullptr) {
        r = bare(SYS_setresgid, *plan.group, *plan.group, *plan.group);
    }
    if (r >= 0 && at(ChildStep::user_id) && plan.user != nullptr) {
        r = bare(SYS_setresuid, *plan.user, *plan.user, *plan.user);
    }
    if (r >= 0 && at(ChildStep::own_code) && plan.own_code != nullptr) {
        const int error = plan.own_code(plan.own_context);
        r = error > 0 ? -error : error;
    }
    if (r >= 0 && at(ChildStep::close) && plan.close_others) {
        r = close_others(plan, report);
    }
    return r < 0 || !at(ChildStep::exec) ? r : run(plan);
}

// Whether the child must not share our memory.
bool needs_copy(const ChildPlan& plan) noexcept {
#if defined(TENDRIL_ASAN) || defined(TENDRIL_TSAN)
    return plan.files != nullptr;
#else
    return plan.user != nullptr || plan.group != nullptr || plan.extra_groups != nullptr || plan.own_code != nullptr;
#endif
}

[[noreturn]] void live_as_child(const ChildPlan& plan, int report, const sigset_t& mask) noexcept {
    reset_handlers(plan.restore_signals);
    sigset_t wanted = mask;
    if (plan.restore_signals) {
        ::sigemptyset(&wanted);
    }
    libc.sigprocmask(SIG_SETMASK, &wanted, nullptr);
    Failure failure{ChildStep::session, 0};
    failure.error = static_cast<int>(-in_order(plan, failure.step, report));
    bare(SYS_write, report, &failure, sizeof failure);
    for (;;) {
        bare(SYS_exit_group, 127);
    }
}

struct ChildStart {
    const ChildPlan& plan;
    int report;
    sigset_t mask;
};

int live_on_stack(void* start) noexcept {
    const auto& child = *static_cast<const ChildStart*>(start);
    live_as_child(child.plan, child.report, child.mask);
}

// Returns, in this process only: the child's pid, or -errno.
pid_t make_child(const ChildStart& start) noexcept {
    return detail::call<pid_t>(Call::fork, -1, [&]() -> pid_t {
        if (needs_copy(start.plan)) {
            const pid_t pid = ::_Fork();
            if (pid == 0) {
                live_as_child(start.plan, start.report, start.mask);
            }
            return pid;
        }
        constexpr std::size_t stack_size = 64 * 1024;
        void* stack = reserve_memory(stack_size);
        if (stack == nullptr) {
            return -1;
        }
        const pid_t pid = ::clone(&live_on_stack, static_cast<char*>(stack) + stack_size,
                                  CLONE_VM | CLONE_VFORK | SIGCHLD, const_cast<ChildStart*>(&start));
        const int error = errno;  // the child's calls may have changed it
        release_memory(stack, stack_size);
        errno = error;
        return pid;
    });
}

// Waits until the child runs the program. Returns: whether it does.
bool hear(int report, Failure& failure) noexcept {
    ssize_t r = 0;
    do {
        r = libc.read(report, &failure, sizeof failure);
    } while (r < 0 && errno == EINTR);
    return r != static_cast<ssize_t>(sizeof failure);
}

// Makes the report's pipe, above the standard descriptors, which the child replaces.
int make_report(int (&ends)[2]) noexcept {
    int made[2];
    if (const int r = pipe(made, 0); r < 0) {
        return r;
    }
    int error = 0;
    for (int i = 0; i < 2; ++i) {
        ends[i] = made[i] < 3 ? duplicate(made[i], 3) : made[i];
        error = ends[i] < 0 ? ends[i] : error;
        if (ends[i] != made[i]) {
            close(made[i]);
        }
    }
    for (int i = 0; i < 2 && error < 0; ++i) {
        if (ends[i] >= 0) {
            close(ends[i]);
        }
    }
    return error;
}

}  // namespace

pid_t start_child(const ChildPlan& plan, ChildStep& failed) noexcept {
    failed = ChildStep::fork;
    pid_t pid = 0;
    int hears = 0;
    {
        const tendril::detail::NoFork alone;  // the child of another OS thread's fork() would keep the pipe open
        int report[2];
        if (const int r = make_report(report); r < 0) {
            return r;
        }
        sigset_t all;
        ChildStart start{plan, report[1], {}};
        ::sigfillset(&all);
        libc.pthread_sigmask(SIG_SETMASK, &all, &start.mask);
        pid = make_child(start);
        libc.pthread_sigmask(SIG_SETMASK, &start.mask, nullptr);
        close(report[1]);
        hears = report[0];
    }
    Failure failure{ChildStep::fork, 0};
    const bool runs = pid > 0 && hear(hears, failure);
    close(hears);
    if (pid < 0 || runs) {
        return pid;
    }
    siginfo_t info;
    while (libc.waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) < 0 && errno == EINTR) {
    }
    failed = failure.step;
    return -failure.error;
}

}  // namespace tendril::sys
