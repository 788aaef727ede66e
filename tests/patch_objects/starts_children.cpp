// SPDX-License-Identifier: MIT
//
// A library that starts children by each means that C has. Each function returns how the child has ended, as wait(2)
// says it; -1: it could not be started, or waited for.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

const char* const script = "read x; sleep 0.05; exit $x";

int status_of(pid_t pid) {
    int status = -1;
    return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

// In the child: standard input becomes the pipe, and everything else of it is closed.
[[noreturn]] void run(const int* ends) {
    signal(SIGPIPE, SIG_DFL);
    dup2(ends[0], 0);
    close(ends[0]);
    close(ends[1]);
    execl("/bin/sh", "sh", "-c", script, static_cast<char*>(nullptr));
    _exit(126);
}

int feed(pid_t pid, const int* ends) {
    close(ends[0]);
    const bool fed = write(ends[1], "7\n", 2) == 2;
    close(ends[1]);
    const int status = status_of(pid);
    return fed ? status : -1;
}

}  // namespace

extern "C" {

int by_fork() {
    int ends[2];
    if (pipe(ends) != 0) {
        return -1;
    }
    const pid_t pid = fork();
    if (pid == 0) {
        run(ends);
    }
    return feed(pid, ends);
}

int by_vfork() {
    int ends[2];
    if (pipe(ends) != 0) {
        return -1;
    }
    const pid_t pid = vfork();
    if (pid == 0) {
        run(ends);
    }
    return feed(pid, ends);
}

int by_posix_spawn() {
    int ends[2];
    if (pipe(ends) != 0) {
        return -1;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    const char* const argv[] = {"sh", "-c", script, nullptr};
    pid_t pid = -1;
    posix_spawn(&pid, "/bin/sh", &actions, nullptr, const_cast<char* const*>(argv), environ);
    posix_spawn_file_actions_destroy(&actions);
    return feed(pid, ends);
}

int by_system() {
    return system("sleep 0.05; exit 7");
}

int by_popen() {
    FILE* stream = popen(script, "w");
    if (stream == nullptr) {
        return -1;
    }
    fputs("7\n", stream);
    return pclose(stream);
}
}
