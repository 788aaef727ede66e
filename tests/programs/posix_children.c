// SPDX-License-Identifier: MIT
//
// posix_children: starts children in each way that there is, from several threads at once, and prints what they said
// and how they ended. Each child says what it finds of LD_PRELOAD, and which descriptors it has.

#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static const char* const script = "echo \"preload=$LD_PRELOAD run=$TENDRIL_RUN\"; ls /proc/self/fd | wc -l; exit 3";
static char output[5][200];

static int status_of(pid_t child) {
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Reads what the child writes, to its end.
static void read_all(int fd, char* out, size_t size) {
    size_t used = 0;
    for (ssize_t n; (n = read(fd, out + used, size - 1 - used)) > 0;) {
        used += (size_t)n;
    }
    out[used] = 0;
    close(fd);
}

static int by_fork(char* out, size_t size) {
    int ends[2];
    if (pipe(ends) != 0) {
        return -1;
    }
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execl("/bin/sh", "sh", "-c", script, (char*)NULL);
        _exit(99);
    }
    close(ends[1]);
    read_all(ends[0], out, size);
    return status_of(child);
}

static int by_vfork(char* out, size_t size) {
    int ends[2];
    if (pipe(ends) != 0) {
        return -1;
    }
    const pid_t child = vfork();
    if (child == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execl("/bin/sh", "sh", "-c", script, (char*)NULL);
        _exit(99);
    }
    close(ends[1]);
    read_all(ends[0], out, size);
    return status_of(child);
}

static int by_posix_spawn(char* out, size_t size) {
    int ends[2];
    if (pipe(ends) != 0) {
        return -1;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    char* const arguments[] = {"sh", "-c", (char*)script, NULL};
    pid_t child = -1;
    posix_spawn(&child, "/bin/sh", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    read_all(ends[0], out, size);
    return status_of(child);
}

static int by_popen(char* out, size_t size) {
    FILE* const stream = popen(script, "r");
    const size_t n = fread(out, 1, size - 1, stream);
    out[n] = 0;
    const int status = pclose(stream);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int by_system(char* out, size_t size) {
    char command[300];
    snprintf(command, sizeof command, "exec >/tmp/posix_children.%d; %s", (int)getpid(), script);
    const int status = system(command);
    snprintf(command, sizeof command, "/tmp/posix_children.%d", (int)getpid());
    FILE* const file = fopen(command, "r");
    if (file != NULL) {
        out[fread(out, 1, size - 1, file)] = 0;
        fclose(file);
        unlink(command);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int (*const ways[])(char*, size_t) = {by_fork, by_vfork, by_posix_spawn, by_popen, by_system};
static const char* const names[] = {"fork", "vfork", "posix_spawn", "popen", "system"};

static void* start(void* number) {
    const intptr_t i = (intptr_t)number;
    return (void*)(intptr_t)ways[i](output[i], sizeof output[i]);
}

int main(void) {
    for (int i = 0; i < 5; ++i) {
        printf("%s: %d\n", names[i], (int)(intptr_t)start((void*)(intptr_t)i));
        fputs(output[i], stdout);
    }
    pthread_t threads[5];
    for (int i = 0; i < 5; ++i) {
        pthread_create(&threads[i], NULL, start, (void*)(intptr_t)i);
    }
    for (int i = 0; i < 5; ++i) {
        void* status = NULL;
        pthread_join(threads[i], &status);
        printf("%s in a thread: %d\n", names[i], (int)(intptr_t)status);
    }
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {  // one that lives on without exec
        usleep(20000);
        printf("the child of a fork\n");
        exit(4);
    }
    printf("its status: %d\n", status_of(child));
    return 5;
}
