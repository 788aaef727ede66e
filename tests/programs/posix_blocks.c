// SPDX-License-Identifier: MIT
//
// posix_blocks: computes for a third of a second, which keeps its other thread from running.

#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static void* wait_a_little(void* nothing) {
    for (int i = 0; i < 20; ++i) {
        usleep(10000);
    }
    return nothing;
}

__attribute__((noinline)) void compute_for_long(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const long long end = now.tv_sec * 1000LL + now.tv_nsec / 1000000 + 300;
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec * 1000LL + now.tv_nsec / 1000000 < end);
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, wait_a_little, NULL);
    usleep(20000);
    compute_for_long();
    pthread_join(thread, NULL);
    puts("done");
    return 0;
}
