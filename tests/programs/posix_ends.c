// SPDX-License-Identifier: MIT
//
// posix_ends HOW: a program that ends in one of the ways, while a thread waits and exit handlers are registered.

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say(const char* text) {
    printf("%s\n", text);
    fflush(stdout);
}

static void at_exit(void) {
    usleep(10000);
    say("exit handler");
}

static void* wait_for_ever(void* nothing) {
    pause();
    say("pause returned");
    return nothing;
}

static void* sleep_long(void* nothing) {
    sleep(1000);
    say("sleep returned");
    return nothing;
}

static void* call_exit(void* nothing) {
    usleep(10000);
    exit(8);
    return nothing;
}

static void* outlive(void* nothing) {
    usleep(50000);
    say("the last thread ends");
    return nothing;
}

int main(int count, char** arguments) {
    const char* const how = count > 1 ? arguments[1] : "return";
    pthread_t thread;
    atexit(at_exit);
    if (strcmp(how, "pause") == 0) {
        pthread_create(&thread, NULL, wait_for_ever, NULL);
    }
    pthread_create(&thread, NULL, sleep_long, NULL);
    usleep(10000);
    say(how);
    if (strcmp(how, "exit") == 0) {
        exit(7);
    } else if (strcmp(how, "_exit") == 0) {
        _exit(9);
    } else if (strcmp(how, "abort") == 0) {
        abort();
    } else if (strcmp(how, "terminated") == 0) {
        kill(getpid(), SIGTERM);
        sleep(1000);
    } else if (strcmp(how, "segfault") == 0) {
        *(volatile int*)0 = 1;
    } else if (strcmp(how, "thread") == 0) {
        pthread_create(&thread, NULL, call_exit, NULL);
        pthread_join(thread, NULL);
        sleep(1000);
    } else if (strcmp(how, "interrupted") == 0) {
        kill(getpid(), SIGINT);
        sleep(1000);
    } else if (strcmp(how, "pthread_exit") == 0) {
        pthread_create(&thread, NULL, call_exit, NULL);
        pthread_detach(thread);
        pthread_exit(NULL);
    } else if (strcmp(how, "outlived") == 0) {
        pthread_create(&thread, NULL, outlive, NULL);
        pthread_join(thread, NULL);
        return 6;
    }
    return 3;
}
